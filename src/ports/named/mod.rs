//! `$TETRA_DIR/config/ports.toml`: the named ports that all tetra modules share. Read in a small part of TOML, and
//! edited in place.

mod change;
mod document;
mod line;
mod transfer;

pub use change::Turn;
pub use transfer::{Format, export};

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::sys::{atomic, regular};
use line::Line;

/// What the file holds at first, byte for byte: other modules compare it.
const DEFAULTS: &str = include_str!("ports.toml");

const PORTS: &str = "ports";
const MODE: u32 = 0o666;

/// Makes the file unless there is one.
pub fn create(layout: &Layout) -> Result<()> {
    let path = layout.named_ports();
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(Error::file("create", dir))?;
    }
    atomic::create(&path, DEFAULTS.as_bytes(), MODE).map_err(Error::file("create", &path))
}

/// Reads the file, and makes it first where there is none. Where it cannot be read the standard services stand in for
/// it, and [`NamedPorts::is_read`] is false.
pub fn load(layout: &Layout) -> NamedPorts {
    // What keeps it from being made keeps it from being read.
    let _ = create(layout);
    look(layout)
}

/// As [`load`], but makes nothing.
pub fn look(layout: &Layout) -> NamedPorts {
    read(layout).map_or_else(|_| NamedPorts::stand_in(), |bytes| NamedPorts::parse(&bytes))
}

/// The value of a key in a section of any file in this part of TOML.
pub fn value_in(bytes: &[u8], section: &str, key: &str) -> Option<String> {
    sections(bytes).0.get_mut(section)?.remove(key)
}

fn read(layout: &Layout) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = regular::open(&layout.named_ports())?;
    file.ok_or(io::ErrorKind::NotFound)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A line of the file that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub number: usize,
    /// Without blanks around it.
    pub text: String,
}

/// What the file says.
#[derive(Clone, Debug, Default)]
pub struct NamedPorts {
    is_read: bool,
    services: BTreeMap<String, String>,
    ranges: BTreeMap<String, String>,
    reserved: BTreeSet<String>,
    strategy: String,
    bad_lines: Vec<BadLine>,
}

impl NamedPorts {
    fn parse(bytes: &[u8]) -> Self {
        let (mut sections, bad_lines) = sections(bytes);
        let mut take = |name: &str| sections.remove(name).unwrap_or_default();
        let mut services = take(PORTS);
        services.retain(|_, port| !port.is_empty());
        let reserved = take("reserved");
        let reserved = reserved.values().flat_map(|value| value.split_ascii_whitespace());
        Self {
            is_read: true,
            services,
            ranges: take("port_ranges"),
            reserved: reserved.map(plain).collect(),
            strategy: take("allocation").remove("allocation_strategy").unwrap_or_default(),
            bad_lines,
        }
    }

    /// The standard services alone.
    fn stand_in() -> Self {
        Self { services: Self::parse(DEFAULTS.as_bytes()).services, ..Self::default() }
    }

    /// Whether this is what the file says.
    pub fn is_read(&self) -> bool {
        self.is_read
    }

    /// Lines that were passed over.
    pub fn bad_lines(&self) -> &[BadLine] {
        &self.bad_lines
    }

    /// Every service with its port as it is written, bytewise by name.
    pub fn services(&self) -> impl Iterator<Item = (&str, &str)> {
        self.services.iter().map(|(name, port)| (name.as_str(), port.as_str()))
    }

    /// Every service whose port is one.
    pub fn ports(&self) -> impl Iterator<Item = (&str, u16)> {
        self.services().filter_map(|(name, port)| Some((name, number(port)?)))
    }

    /// Whether every port is one, and nobody else's.
    pub fn is_valid(&self) -> bool {
        let ports: BTreeSet<u16> = self.ports().map(|(_, port)| port).collect();
        ports.len() == self.services.len()
    }

    /// The service that has a port, the first by name.
    pub fn owner_of(&self, port: u16) -> Option<&str> {
        self.ports().find(|(_, assigned)| *assigned == port).map(|(name, _)| name)
    }

    /// Whether a port must not be given to any service.
    pub fn is_reserved(&self, port: u16) -> bool {
        self.reserved.contains(&port.to_string())
    }
}

type Section = BTreeMap<String, String>;

/// What each section says in the end, and the lines that say nothing. Keys before any section are passed over.
fn sections(bytes: &[u8]) -> (BTreeMap<String, Section>, Vec<BadLine>) {
    let (mut sections, mut bad_lines) = (BTreeMap::<String, Section>::new(), Vec::new());
    let mut current = None;
    for (bytes, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        match line::parse(bytes) {
            Line::Nothing => {}
            Line::Section(name) => current = Some(sections.entry(text(name)).or_default()),
            Line::Entry(entry) => {
                if let Some(section) = &mut current {
                    section.insert(text(entry.key), text(&entry.value));
                }
            }
            Line::Invalid => bad_lines.push(BadLine { number, text: text(bytes.trim_ascii()) }),
        }
    }
    (sections, bad_lines)
}

/// Decimal 1..65535; leading zeros do not count.
pub fn number(text: &str) -> Option<u16> {
    digits(text)?.parse().ok().filter(|port| *port > 0)
}

/// The digits of a number without its leading zeros; `None` for anything else.
pub fn digits(text: &str) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let significant = text.trim_start_matches('0');
    is_number.then_some(if significant.is_empty() { "0" } else { significant })
}

/// By which two values are compared.
pub fn plain(text: &str) -> String {
    digits(text).unwrap_or(text).to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_line_wins_and_empty_is_absent() {
        let text =
            "stray = 1\n[ports]\na = 1\nb = 2\na = 3\nb =\n[other]\na = 9\n[ports]\r\nc = '080'\r\nd = x";
        let named = NamedPorts::parse(text.as_bytes());
        assert_eq!(named.services().collect::<Vec<_>>(), [("a", "3"), ("c", "080"), ("d", "x")]);
        assert_eq!(named.ports().collect::<Vec<_>>(), [("a", 3), ("c", 80)]);
        assert_eq!((named.owner_of(80), named.owner_of(1)), (Some("c"), None));
        assert_eq!(named.bad_lines(), []);
    }

    #[test]
    fn reserved_ports_are_the_words_of_all_values() {
        let named = NamedPorts::parse(b"[reserved]\na = \"22 080\"\nb = [443, '25']\nc = 7 # 8\n");
        let reserved = [22, 80, 443, 25, 7, 8].map(|port| named.is_reserved(port));
        assert_eq!(reserved, [true, true, true, true, true, false]);
    }

    #[test]
    fn lines_without_sense_are_named() {
        let named = NamedPorts::parse(b"\n  junk \r\n[x]y\n");
        let bad = |number, text: &str| BadLine { number, text: text.into() };
        assert_eq!(named.bad_lines(), [bad(2, "junk"), bad(3, "[x]y")]);
    }

    #[test]
    fn only_decimal_numbers_in_range_are_ports() {
        let numbers = ["1", "65535", "0080", "0", "65536", "", "+1", "1x", "99999999999"].map(number);
        assert_eq!(numbers, [Some(1), Some(65535), Some(80), None, None, None, None, None, None]);
        assert_eq!(["000", "070", "x"].map(plain), ["0", "70", "x"]);
    }
}

//! The registry to and from other files.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::{MODE, NamedPorts, digits, read};
use crate::error::{PortError, Result};
use crate::layout::Layout;
use crate::sys::{atomic, clock, dir};

/// How the registry is written for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As it is.
    Toml,
    /// One object.
    Json,
    /// Lines for a shell to evaluate.
    Env,
}

impl Format {
    /// As the command line names it.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "toml" => Some(Self::Toml),
            "json" => Some(Self::Json),
            "env" => Some(Self::Env),
            _ => None,
        }
    }
}

impl NamedPorts {
    /// A JSON object, a service a line. Ports that are no numbers are left out.
    pub fn to_json(&self) -> String {
        let member = |(name, port): (&str, &str)| {
            Some(format!("  {}: {}", serde_json::Value::from(name), digits(port)?))
        };
        let members: Vec<String> = self.services().filter_map(member).collect();
        format!("{{\n{}\n}}\n", members.join(",\n"))
    }

    /// `export NAME_PORT=PORT` lines in order. Whatever the file holds, a shell sees names and numbers alone.
    pub fn to_env(&self) -> String {
        let line = |(name, port): (&str, &str)| {
            digits(port)?;
            Some(format!("export {}_PORT={port}\n", variable(name)))
        };
        let mut lines: Vec<String> = self.services().filter_map(line).collect();
        lines.sort_unstable();
        lines.concat()
    }
}

/// A name that a shell takes.
fn variable(name: &str) -> String {
    let plain = |character: char| match character.to_ascii_uppercase() {
        character if character.is_ascii_alphanumeric() => character,
        _ => '_',
    };
    let begins_badly = name.starts_with(|first: char| first.is_ascii_digit());
    let prefix = if begins_badly { "_" } else { "" };
    prefix.chars().chain(name.chars().map(plain)).collect()
}

/// Writes the registry to a file, never to its own.
pub fn export(named: &NamedPorts, file: &Path, format: Format, layout: &Layout) -> Result<()> {
    let bytes = match format {
        Format::Toml => read(layout).map_err(|_| PortError::ExportFailed)?,
        Format::Json => named.to_json().into_bytes(),
        Format::Env => named.to_env().into_bytes(),
    };
    if dir::same_file(file, &layout.named_ports()) {
        return Err(PortError::ExportFailed.into());
    }
    Ok(put(file, &bytes).map_err(|_| PortError::ExportFailed)?)
}

/// A device or a fifo is written to, anything else replaced.
fn put(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let is_special = fs::metadata(file).is_ok_and(|meta| !meta.is_file() && !meta.is_dir());
    match is_special {
        true => OpenOptions::new().write(true).open(file)?.write_all(bytes),
        false => atomic::rewrite_unlocked(file, bytes, MODE),
    }
}

/// Keeps what the registry `held` beside it, then puts `file` in its place. Returns where the old one is.
pub(super) fn import(file: &Path, held: &[u8], registry: &Path) -> io::Result<PathBuf> {
    if dir::same_file(file, registry) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let bytes = fs::read(file)?;
    let backup = back_up(held, registry)?;
    atomic::rewrite(registry, &bytes, MODE)?;
    Ok(backup)
}

/// `ports.toml.backup.EPOCH`, or of a later second where that is there already.
fn back_up(held: &[u8], registry: &Path) -> io::Result<PathBuf> {
    let mut epoch = clock::epoch();
    loop {
        let mut name = registry.as_os_str().to_owned();
        name.push(format!(".backup.{epoch}"));
        let path = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path) {
            Ok(mut file) => {
                fs::set_permissions(&path, fs::metadata(registry)?.permissions())?;
                file.write_all(held)?;
                file.sync_all()?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => epoch += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_valid_whatever_the_names_are() {
        let named = NamedPorts::parse(b"[ports]\na\"b = 007\nx = y\n\\ = 70000\n");
        assert_eq!(named.to_json(), "{\n  \"\\\\\": 70000,\n  \"a\\\"b\": 7\n}\n");
        assert_eq!(NamedPorts::default().to_json(), "{\n\n}\n");
    }

    #[test]
    fn a_shell_sees_names_and_numbers_alone() {
        let text = "[ports]\nmy-app = 1\n9x = 2\né = 3\n$(id) = 4\nb = $(id)\nB = 05\nZ = 6\n";
        let lines = ["B_PORT=05", "MY_APP_PORT=1", "Z_PORT=6", "_9X_PORT=2", "__ID__PORT=4", "__PORT=3"];
        let lines: String = lines.iter().map(|line| format!("export {line}\n")).collect();
        assert_eq!(NamedPorts::parse(text.as_bytes()).to_env(), lines);
    }
}

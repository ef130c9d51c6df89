//! An old installation as it is written down in `tests/fixtures/migrate`, and what must become of it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::expect::Expect;

const NEIGHBOUR: &str = include_str!("../../fixtures/migrate/neighbour.txt");

/// Everything that one file says.
#[derive(Default)]
pub(super) struct Fixture {
    pub(super) entries: Vec<Entry>,
    pub(super) records: Vec<Record>,
    pub(super) programs: Vec<Program>,
    pub(super) expect: Expect,
}

/// Something below `TETRA_DIR`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) mode: Option<u32>,
    pub(super) kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File(Vec<u8>),
    Dir,
    Fifo,
    Link(PathBuf),
}

/// What a source must become.
pub(super) struct Record {
    /// Path of the source.
    pub(super) source: String,
    /// It ran when the installation was taken.
    pub(super) live: bool,
    name: String,
    text: String,
}

/// A command that runs meanwhile.
pub(super) struct Program {
    pub(super) tag: String,
    pub(super) words: Vec<String>,
    /// The files that it appends to.
    pub(super) out: String,
    pub(super) err: String,
}

impl Fixture {
    pub(super) fn parse(text: &str) -> Self {
        let mut fixture = Self::default();
        for (head, body) in sections(&with_neighbour(text)) {
            fixture.add(&head, &body);
        }
        fixture
    }

    fn add(&mut self, head: &str, body: &str) {
        let (kind, rest) = head.split_once(' ').unwrap_or((head, ""));
        match kind {
            "expect" => self.expect = Expect::parse(body),
            "record" => self.records.push(Record::parse(rest, body)),
            "process" => self.programs.push(Program::parse(rest, body)),
            _ => self.entries.push(Entry::parse(kind, rest, body)),
        }
    }

    /// The bytes of one of its files.
    pub(super) fn file(&self, path: &str) -> Option<&[u8]> {
        self.entries.iter().find_map(|entry| match &entry.kind {
            Kind::File(bytes) if entry.path == Path::new(path) => Some(bytes.as_slice()),
            _ => None,
        })
    }
}

impl Record {
    fn parse(head: &str, body: &str) -> Self {
        let (live, head) = head.strip_prefix("live ").map_or((false, head), |rest| (true, rest));
        let (source, name) =
            head.split_once(" = ").map_or((head, None), |(source, name)| (source, Some(name)));
        let source = path_of(source).into_os_string().into_string().unwrap();
        let name = name.map_or_else(|| name_of(Path::new(&source)), str::to_owned);
        Self { source, name, live, text: body.to_owned() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Path of the new record.
    pub(super) fn target(&self) -> String {
        format!("tsm/runtime/processes/{}.json", self.name())
    }

    /// The new record, without `proc`.
    pub(super) fn members(&self, root: &Path) -> Map<String, Value> {
        let mut members: Map<String, Value> = serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("record of {}: {error}: {}", self.source, self.text));
        let log = |stream| root.join(format!("tsm/runtime/logs/{}/current.{stream}", self.name()));
        members.insert("name".to_owned(), json!(self.name()));
        members.insert("unstable_restarts".to_owned(), json!(0));
        members.insert("logs".to_owned(), json!({ "out": log("out"), "err": log("err") }));
        members
    }

    /// A member that is a number.
    pub(super) fn number(&self, member: &str) -> Option<i64> {
        self.members(Path::new("/"))[member].as_i64()
    }
}

impl Program {
    fn parse(tag: &str, body: &str) -> Self {
        let mut lines = body.lines();
        let words = lines.next().unwrap().split(' ').map(str::to_owned).collect();
        let mut log = |stream| lines.next().unwrap().strip_prefix(stream).unwrap().to_owned();
        Self { tag: tag.to_owned(), words, out: log("out "), err: log("err ") }
    }
}

impl Entry {
    fn parse(kind: &str, head: &str, body: &str) -> Self {
        let (mode, rest) = mode(head);
        let (escaped, rest) = rest.strip_prefix("escaped ").map_or((false, rest), |rest| (true, rest));
        let (path, text) = if kind == "link" { rest.split_once(" -> ").unwrap() } else { (rest, "") };
        let kind = match kind {
            "file" if escaped => Kind::File(unescape(body)),
            "file" => Kind::File(body.as_bytes().to_vec()),
            "dir" => Kind::Dir,
            "fifo" => Kind::Fifo,
            "link" => Kind::Link(path_of(text)),
            other => panic!("-- {other} {head}: no such section"),
        };
        Self { path: path_of(path), mode, kind }
    }
}

/// The directory of a source, or the name of the file without extension.
fn name_of(source: &Path) -> String {
    let dir = source.ends_with("meta.json").then(|| source.parent().unwrap().file_name().unwrap());
    dir.or_else(|| source.file_stem()).unwrap().to_str().unwrap().to_owned()
}

/// The mode before a path.
fn mode(text: &str) -> (Option<u32>, &str) {
    let found = text.split_once(' ').filter(|(word, _)| word.len() == 4);
    let mode = found.and_then(|(word, rest)| Some((u32::from_str_radix(word, 8).ok()?, rest)));
    mode.map_or((None, text), |(mode, rest)| (Some(mode), rest))
}

fn with_neighbour(text: &str) -> String {
    let (_, sections) = NEIGHBOUR.split_once("\n\n").unwrap();
    text.replace("-- include neighbour\n", sections)
}

/// Heads and what stands below each.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(head) = line.strip_prefix("-- ") {
            sections.push((head.trim_end_matches('\n').to_owned(), String::new()));
        } else if let Some((_, body)) = sections.last_mut() {
            body.push_str(line);
        }
    }
    sections
}

pub(super) fn path_of(text: &str) -> PathBuf {
    OsString::from_vec(unescape(text)).into()
}

/// `\xNN`, `\n`, `\r`, `\\`; nothing for a backslash at the end of a line.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let length = if after.starts_with('x') { 3 } else { 1 };
        let (escape, after) = after.split_at(length);
        match escape {
            "\n" => {}
            "n" => bytes.push(b'\n'),
            "r" => bytes.push(b'\r'),
            "\\" => bytes.push(b'\\'),
            hex => bytes.push(u8::from_str_radix(&hex[1..], 16).unwrap()),
        }
        rest = after;
    }
    bytes.extend(rest.bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
# a title

-- expect
exit 3

-- include neighbour

-- record live tsm/runtime/processes/a b/meta.json
{\"tsm_id\": 1}

-- process p
sleep 9
out x.out
err x.err

-- file 0755 tsm/run me
one
-- file escaped caf\\xe9
a\\r
b\\\\\\
-- file empty
-- dir d d
-- dir 0555 tsm
-- fifo f
-- link l -> ../to it
";

    fn entry(path: impl Into<PathBuf>, mode: Option<u32>, kind: Kind) -> Entry {
        Entry { path: path.into(), mode, kind }
    }

    #[test]
    fn every_kind_of_section_is_read() {
        let fixture = Fixture::parse(SAMPLE);
        let entries: Vec<_> = fixture
            .entries
            .iter()
            .filter(|entry| !entry.path.to_string_lossy().contains("good-4100"))
            .collect();
        let odd = OsString::from_vec(b"caf\xe9".to_vec());
        let expected = [
            entry("tsm/run me", Some(0o755), Kind::File(b"one\n".to_vec())),
            entry(odd, None, Kind::File(b"a\r\nb\\".to_vec())),
            entry("empty", None, Kind::File(Vec::new())),
            entry("d d", None, Kind::Dir),
            entry("tsm", Some(0o555), Kind::Dir),
            entry("f", None, Kind::Fifo),
            entry("l", None, Kind::Link("../to it".into())),
        ];
        assert_eq!(entries, expected.iter().collect::<Vec<_>>());
        assert!(fixture.file("tsm/runtime/processes/good-4100.meta").is_some());
        assert_eq!(fixture.file("tsm/run me"), Some(&b"one\n"[..]));
        let program = &fixture.programs[0];
        assert_eq!((program.tag.as_str(), program.words.len(), program.err.as_str()), ("p", 2, "x.err"));
        assert_eq!(fixture.expect.exit, 3);
    }

    #[test]
    fn a_record_is_completed_by_what_follows_from_its_name() {
        let fixture = Fixture::parse(SAMPLE);
        let [good, record] = &fixture.records[..] else { panic!("{} records", fixture.records.len()) };
        assert_eq!((good.name(), good.live, good.number("tsm_id")), ("good-4100", false, Some(50)));
        assert!(record.live);
        assert_eq!(record.target(), "tsm/runtime/processes/a b.json");
        let expected = json!({
            "tsm_id": 1, "name": "a b", "unstable_restarts": 0,
            "logs": { "out": "/t/tsm/runtime/logs/a b/current.out", "err": "/t/tsm/runtime/logs/a b/current.err" },
        });
        assert_eq!(Value::Object(record.members(Path::new("/t"))), expected);
    }
}

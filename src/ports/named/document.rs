//! The file as its lines, each with its ending: what is not changed stays as it is, byte for byte.

use super::line::{self, Line};

pub(super) struct Document {
    lines: Vec<Vec<u8>>,
}

/// Where a new key goes in its section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind the last key.
    AfterKeys,
    /// Behind the last line that is not blank.
    AfterText,
}

/// Line numbers in one section; of several sections of that name, the last.
#[derive(Default)]
struct Found {
    /// The last line of the key, in any section of the name.
    key: Option<usize>,
    last_key: Option<usize>,
    last_text: Option<usize>,
}

impl Document {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { lines: bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect() }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.lines.concat()
    }

    /// Gives a key this value: in its last line, else in a new one.
    pub(super) fn set(&mut self, section: &str, key: &str, value: &str, place: Place) {
        let text = format!("{key} = {value}");
        let found = self.find(section, key);
        let last = match place {
            Place::AfterKeys => found.last_key.or(found.last_text),
            Place::AfterText => found.last_text,
        };
        match (found.key, last) {
            (Some(at), _) => self.replace(at, &text),
            (None, Some(last)) => self.insert(last + 1, &[&text]),
            (None, None) => self.insert(self.lines.len(), &["", &format!("[{section}]"), &text]),
        }
    }

    /// Removes every line of a key.
    pub(super) fn remove(&mut self, section: &str, key: &str) {
        let mut is_inside = false;
        self.lines.retain(|bytes| match line::parse(bytes) {
            Line::Section(name) => {
                is_inside = name == section.as_bytes();
                true
            }
            Line::Entry(entry) => !(is_inside && entry.key == key.as_bytes()),
            Line::Nothing | Line::Invalid => true,
        });
    }

    fn find(&self, section: &str, key: &str) -> Found {
        let mut found = Found::default();
        let mut is_inside = false;
        for (number, bytes) in self.lines.iter().enumerate() {
            let parsed = line::parse(bytes);
            if let Line::Section(name) = parsed {
                is_inside = name == section.as_bytes();
                if is_inside {
                    found = Found { key: found.key, last_key: None, last_text: None };
                }
            }
            if is_inside && !bytes.trim_ascii().is_empty() {
                found.last_text = Some(number);
            }
            if let Line::Entry(entry) = parsed
                && is_inside
            {
                found.last_key = Some(number);
                found.key = if entry.key == key.as_bytes() { Some(number) } else { found.key };
            }
        }
        found
    }

    /// A comment behind the old value moves to a line of its own.
    fn replace(&mut self, at: usize, text: &str) {
        let Some(old) = self.lines.get(at) else { return };
        let ending = ending_of(old).to_vec();
        let comment = match line::parse(old) {
            Line::Entry(entry) => entry.comment.map(<[u8]>::to_vec),
            _ => None,
        };
        let mut new = vec![[text.as_bytes(), &ending].concat()];
        if let Some(comment) = comment {
            let ending = if ending.is_empty() { self.newline() } else { &ending };
            new.insert(0, [&comment, ending].concat());
        }
        self.lines.splice(at..=at, new);
    }

    fn insert(&mut self, at: usize, texts: &[&str]) {
        let newline = self.newline();
        if let Some(before) = at.checked_sub(1).and_then(|before| self.lines.get_mut(before))
            && ending_of(before).is_empty()
        {
            before.extend(newline);
        }
        self.lines.splice(at..at, texts.iter().map(|text| [text.as_bytes(), newline].concat()));
    }

    /// What ends a line of this file.
    fn newline(&self) -> &'static [u8] {
        let is_crlf = self.lines.first().is_some_and(|first| ending_of(first) == b"\r\n");
        if is_crlf { b"\r\n" } else { b"\n" }
    }
}

fn ending_of(line: &[u8]) -> &[u8] {
    [&b"\r\n"[..], b"\n"].into_iter().find(|ending| line.ends_with(ending)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn set(text: &str, key: &str, value: &str) -> String {
        let mut document = Document::new(text.as_bytes());
        document.set("ports", key, value, Place::AfterKeys);
        String::from_utf8(document.to_bytes()).unwrap()
    }

    fn remove(text: &str, key: &str) -> String {
        let mut document = Document::new(text.as_bytes());
        document.remove("ports", key);
        String::from_utf8(document.to_bytes()).unwrap()
    }

    #[test]
    fn a_key_that_is_there_changes_in_its_last_line() {
        assert_eq!(set("[ports]\na = 1\nb=2\n", "a", "7"), "[ports]\na = 7\nb=2\n");
        assert_eq!(set("[ports]\n  \"a\"='1'\n", "a", "7"), "[ports]\na = 7\n");
        assert_eq!(set("[ports]\na = 1\na = 2\n", "a", "7"), "[ports]\na = 1\na = 7\n");
        assert_eq!(set("[ports]\na = 1\na =\n", "a", "7"), "[ports]\na = 1\na = 7\n");
        assert_eq!(set("[x]\na = 1\n[ports]\na = 2", "a", "7"), "[x]\na = 1\n[ports]\na = 7");
        let twice = "[ports]\na = 1\n[x]\n[ports] # again\nb = 2\n";
        assert_eq!(set(twice, "a", "7"), twice.replace("a = 1", "a = 7"));
    }

    #[test]
    fn a_comment_behind_the_value_gets_a_line_of_its_own() {
        assert_eq!(set("[ports]\na = 1 # old\n", "a", "7"), "[ports]\n# old\na = 7\n");
        assert_eq!(set("[ports]\r\na = 1 # old", "a", "7"), "[ports]\r\n# old\r\na = 7");
        assert_eq!(set("[ports]\na = [1, 2] # old\r\n", "a", "7"), "[ports]\n# old\r\na = 7\r\n");
    }

    #[test]
    fn a_new_key_follows_the_last_key_of_the_last_section() {
        let text = "[ports]\na = 1\n# the end\n\n[x]\nb = 2\n";
        assert_eq!(set(text, "c", "7"), "[ports]\na = 1\nc = 7\n# the end\n\n[x]\nb = 2\n");
        assert_eq!(
            set("[ports]\na = 1\n[ports]\nb = 1\n", "c", "7"),
            "[ports]\na = 1\n[ports]\nb = 1\nc = 7\n"
        );
        assert_eq!(set("[ports]  \n# none yet\n\n[x]\n", "c", "7"), "[ports]  \n# none yet\nc = 7\n\n[x]\n");
    }

    #[test]
    fn line_endings_are_those_of_the_file() {
        assert_eq!(set("[ports]\r\na = 1\r\n", "b", "7"), "[ports]\r\na = 1\r\nb = 7\r\n");
        assert_eq!(set("[ports]\r\na = 1", "b", "7"), "[ports]\r\na = 1\r\nb = 7\r\n");
        assert_eq!(set("[ports]\na = 1", "b", "7"), "[ports]\na = 1\nb = 7\n");
    }

    #[test]
    fn a_missing_section_comes_last() {
        assert_eq!(set("", "a", "7"), "\n[ports]\na = 7\n");
        assert_eq!(set("[x]\nb = 1", "a", "7"), "[x]\nb = 1\n\n[ports]\na = 7\n");
    }

    #[test]
    fn every_line_of_a_removed_key_goes() {
        let text = "a = 0\n[ports]\na = 1\nb = 2\n'a' = 3 # x\n[x]\na = 4\n[ports]\na=5";
        assert_eq!(remove(text, "a"), "a = 0\n[ports]\nb = 2\n[x]\na = 4\n[ports]\n");
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let mut document = Document::new(b"# \xff\r\n[ports]\na = 1 # \xfe\n\xc3 = 2\n");
        document.set("ports", "a", "7", Place::AfterKeys);
        assert_eq!(document.to_bytes(), b"# \xff\r\n[ports]\n# \xfe\na = 7\n\xc3 = 2\n");
    }

    /// The lines that are not about the key, without the ending that the last one may have been given.
    fn others(text: &str) -> Vec<String> {
        let mut is_inside = false;
        let mut others = Vec::new();
        for text in text.split_inclusive('\n') {
            let parsed = line::parse(text.as_bytes());
            if let Line::Section(name) = parsed {
                is_inside = name == b"ports";
            }
            if !(is_inside && matches!(&parsed, Line::Entry(entry) if entry.key == b"a")) {
                others.push(text.strip_suffix('\n').unwrap_or(text).trim_end_matches('\r').to_owned());
            }
        }
        others
    }

    proptest! {
        #[test]
        fn only_the_lines_of_the_key_change(
            text in r#"((\[ports\]|\[x\]|a ?= ?[0-9]|b = "1"|'a'=2|# c| |junk)?\r?\n){0,8}(a = 1|b|\[ports\])?"#
        ) {
            let after = set(&text, "a", "7");
            let mut kept = others(&text);
            if !text.contains("[ports]") {
                kept.extend(["", "[ports]"].map(str::to_owned));
            }
            prop_assert_eq!(others(&after), kept);
            prop_assert_eq!(set(&after, "a", "7"), after.clone());
            let removed = remove(&text, "a");
            prop_assert_eq!(others(&removed), others(&text));
            prop_assert_eq!(remove(&removed, "a"), removed);
        }
    }
}

//! The lines of `tetra.toml` that count: `[section]` and `key = value`. A subset of TOML that knows no escapes, no
//! comments behind a value and no values of several lines; any bytes are a document.

/// The assignments of a document, in the order of its lines.
#[derive(Debug)]
pub(super) struct Document<'a>(Vec<Assignment<'a>>);

#[derive(Debug)]
struct Assignment<'a> {
    section: &'a [u8],
    key: &'a str,
    /// Without any double quotes.
    value: Vec<u8>,
}

enum Line<'a> {
    Section(&'a [u8]),
    Assignment(&'a str, &'a [u8]),
    Other,
}

impl<'a> Document<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Self {
        let mut section: &[u8] = b"";
        let mut assignments = Vec::new();
        for text in bytes.split(|byte| *byte == b'\n') {
            match line(text.trim_ascii()) {
                Line::Section(name) => section = name,
                Line::Assignment(key, value) => {
                    assignments.push(Assignment { section, key, value: without_quotes(value) });
                }
                Line::Other => {}
            }
        }
        Self(assignments)
    }

    /// Keys and values of a section, wherever in the document it is continued.
    pub(super) fn section(&self, name: &[u8]) -> impl DoubleEndedIterator<Item = (&str, &[u8])> {
        let of_section = self.0.iter().filter(move |assignment| assignment.section == name);
        of_section.map(|assignment| (assignment.key, assignment.value.as_slice()))
    }

    /// What a key of a section is, by the last line that says so.
    pub(super) fn value(&self, section: &[u8], key: &[u8]) -> Option<&[u8]> {
        self.section(section).rfind(|(name, _)| name.as_bytes() == key).map(|(_, value)| value)
    }
}

fn line(text: &[u8]) -> Line<'_> {
    if let Some(rest) = text.strip_prefix(b"[") {
        let name = rest.iter().position(|byte| *byte == b']').and_then(|end| rest.get(..end));
        return name.map_or(Line::Other, |name| Line::Section(name.trim_ascii()));
    }
    assignment(text).map_or(Line::Other, |(key, value)| Line::Assignment(key, value))
}

fn assignment(text: &[u8]) -> Option<(&str, &[u8])> {
    let equals = text.iter().position(|byte| *byte == b'=')?;
    let (key, value) = text.split_at_checked(equals)?;
    let key = std::str::from_utf8(key.trim_ascii()).ok().filter(|key| is_key(key))?;
    Some((key, value.strip_prefix(b"=")?.trim_ascii()))
}

/// `[A-Za-z_][A-Za-z0-9_]*`
fn is_key(key: &str) -> bool {
    !key.starts_with(|first: char| first.is_ascii_digit())
        && !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn without_quotes(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|byte| *byte != b'"').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(text: &str, name: &str) -> Vec<(String, String)> {
        let document = Document::parse(text.as_bytes());
        let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
        document.section(name.as_bytes()).map(|(key, value)| (key.to_owned(), text(value))).collect()
    }

    fn value(line: &str) -> Option<String> {
        section(&format!("[s]\n{line}"), "s").pop().map(|(_, value)| value)
    }

    #[test]
    fn values_lose_their_quotes_and_the_blanks_around_them() {
        for (line, expected) in [
            ("k=v", "v"),
            ("  k  =  v w  ", "v w"),
            ("k = \" v \"", " v "),
            ("k = a\"b\"c", "abc"),
            ("k = 'v'", "'v'"),
            ("k = \"a=b\"", "a=b"),
            ("k = \"v\" # remark", "v # remark"),
            ("k =", ""),
            ("k = \"v\"\r", "v"),
            ("_K9\t=\tv", "v"),
        ] {
            assert_eq!(value(line).as_deref(), Some(expected), "{line:?}");
        }
    }

    #[test]
    fn other_lines_are_passed_over() {
        for line in
            ["", "# k = v", "k", "= v", "9k = v", "a-b = v", "a.b = v", "\"k\" = v", "é = v", "a b = v", "[k"]
        {
            assert_eq!(value(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_section_goes_on_to_the_next_header() {
        let text = "a = 0\n[s]\na = 1\n\n[s.t]\na = 2\n[[s]]\na = 3\n[ s ] # again\nb = 4";
        let expected = [("a", "1"), ("b", "4")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(section(text, "s"), expected);
        assert_eq!(section(text, "s.t").len(), 1);
        assert_eq!(section(text, "x"), []);
    }

    #[test]
    fn the_last_of_several_values_counts() {
        let document = Document::parse(b"[v]\na = 1\na = \"2\"\n");
        assert_eq!(document.value(b"v", b"a"), Some(&b"2"[..]));
        assert_eq!(document.value(b"v", b"b"), None);
    }
}

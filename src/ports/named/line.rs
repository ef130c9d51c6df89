//! One line of the file, in the part of TOML that is read. Nothing is ever evaluated.

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Blank, or a comment.
    Nothing,
    /// `[NAME]`
    Section(&'a [u8]),
    /// `KEY = VALUE`
    Entry(Entry<'a>),
    /// Anything else.
    Invalid,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// Without quotes.
    pub(super) key: &'a [u8],
    /// Without quotes; the items of a list with blanks between them.
    pub(super) value: Vec<u8>,
    /// What stands behind the value, with its `#`.
    pub(super) comment: Option<&'a [u8]>,
}

pub(super) fn parse(line: &[u8]) -> Line<'_> {
    let line = line.trim_ascii();
    if is_end(line) {
        return Line::Nothing;
    }
    if let Some(name) = section(line) {
        return Line::Section(name);
    }
    entry(line).map_or(Line::Invalid, Line::Entry)
}

fn section(line: &[u8]) -> Option<&[u8]> {
    let (name, rest) = split_at_byte(line.strip_prefix(b"[")?, b']')?;
    (!name.is_empty() && is_end(rest.trim_ascii_start())).then(|| name.trim_ascii())
}

fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let (key, text) = split_at_byte(line, b'=')?;
    let key = unquoted(key.trim_ascii());
    let (value, comment) = value(text);
    (!key.is_empty()).then_some(Entry { key, value, comment })
}

fn value(text: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let trimmed = text.trim_ascii();
    let closed = match trimmed.first() {
        Some(quote @ (b'"' | b'\'')) => quoted(trimmed, *quote),
        Some(b'[') => list(trimmed),
        _ => None,
    };
    closed.unwrap_or_else(|| bare(text))
}

/// From one quote to the next, or to the last where more than a comment follows that.
fn quoted(text: &[u8], quote: u8) -> Option<(Vec<u8>, Option<&[u8]>)> {
    let (inside, rest) = split_at_byte(text.get(1..)?, quote)?;
    let rest = rest.trim_ascii_start();
    if is_end(rest) {
        return Some((inside.to_vec(), comment(rest)));
    }
    let inside = text.get(1..)?.strip_suffix(&[quote])?;
    Some((inside.to_vec(), None))
}

/// Up to the first bracket that nothing but a comment follows.
fn list(text: &[u8]) -> Option<(Vec<u8>, Option<&[u8]>)> {
    let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b']').map(|(at, _)| at);
    let closes = |at: &usize| text.get(at + 1..).is_some_and(|rest| is_end(rest.trim_ascii_start()));
    let end = ends.into_iter().find(closes)?;
    let items = text.get(1..end)?.split(|byte| *byte == b',').map(|item| unquoted(item.trim_ascii()));
    let items: Vec<&[u8]> = items.filter(|item| !item.is_empty()).collect();
    Some((items.join(&b' '), comment(text.get(end + 1..)?.trim_ascii_start())))
}

/// Up to a `#` that stands behind a blank or at the start.
fn bare(text: &[u8]) -> (Vec<u8>, Option<&[u8]>) {
    let before = |at: usize| at.checked_sub(1).and_then(|at| text.get(at));
    let begins = |at: &usize| text.get(*at) == Some(&b'#') && before(*at).is_none_or(u8::is_ascii_whitespace);
    let end = (0..text.len()).find(begins).unwrap_or(text.len());
    let (value, rest) = text.split_at_checked(end).unwrap_or((text, b""));
    (value.trim_ascii().to_vec(), comment(rest))
}

fn comment(rest: &[u8]) -> Option<&[u8]> {
    Some(rest.trim_ascii_end()).filter(|rest| !rest.is_empty())
}

/// Whether only a comment is left.
fn is_end(rest: &[u8]) -> bool {
    rest.is_empty() || rest.starts_with(b"#")
}

fn unquoted(text: &[u8]) -> &[u8] {
    let between = |quote: &[u8]| text.strip_prefix(quote)?.strip_suffix(quote);
    between(b"\"").or_else(|| between(b"'")).unwrap_or(text)
}

/// What stands before and behind the first of these bytes.
fn split_at_byte(text: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|found| *found == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(line: &str) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match parse(line.as_bytes()) {
            Line::Nothing => String::new(),
            Line::Section(name) => format!("[{}]", text(name)),
            Line::Entry(Entry { key, value, comment }) => {
                format!("{}={}|{}", text(key), text(&value), comment.map(text).unwrap_or_default())
            }
            Line::Invalid => "invalid".to_owned(),
        }
    }

    #[test]
    fn lines_are_told_apart() {
        for (line, expected) in [
            (" \t\r\n", ""),
            ("  # a = 1", ""),
            ("[ports]\r\n", "[ports]"),
            ("[ports] # mine", "[ports]"),
            ("[ports]x", "invalid"),
            ("[]", "invalid"),
            ("[a]b = 1", "[a]b=1|"),
            ("word", "invalid"),
            ("= 3", "invalid"),
            ("a=1", "a=1|"),
            ("\ta.b =  1 \r\n", "a.b=1|"),
            ("a = b = c", "a=b = c|"),
            ("a =", "a=|"),
        ] {
            assert_eq!(shown(line), expected, "{line:?}");
        }
    }

    #[test]
    fn values_lose_quotes_and_comments() {
        for (line, expected) in [
            ("a = 1 # one", "a=1|# one"),
            ("a = 1#2", "a=1#2|"),
            ("a = # none", "a=|# none"),
            ("a =#none", "a=|#none"),
            ("a = \"x # y\" # z ", "a=x # y|# z"),
            ("a = 'x'#z", "a=x|#z"),
            ("a = \"x\"y\"", "a=x\"y|"),
            ("a = \"x\" y # z", "a=\"x\" y|# z"),
            ("a = \"\\n\"", "a=\\n|"),
            ("a = \"open", "a=\"open|"),
            ("a = [1, \"2\" ,'3',] # l", "a=1 2 3|# l"),
            ("a = []", "a=|"),
            ("a = [1, 2", "a=[1, 2|"),
            ("\"web app\" = 1", "web app=1|"),
            ("'a\" = 1", "'a\"=1|"),
        ] {
            assert_eq!(shown(line), expected, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read(line: Vec<u8>, text in r#"[a \[\]="'#,]{0,12}"#) {
            parse(&line);
            parse(text.as_bytes());
        }
    }
}

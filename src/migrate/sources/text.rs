//! What every old format has in common: a record is text, with or without the marks of other systems.

use crate::migrate::verdict::{Code, Refusal};

/// The text of a record, with plain newlines.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) body: String,
    /// Of what was taken away from it.
    pub(super) warnings: Vec<(Code, String)>,
}

/// Takes a byte order mark and the carriage returns before newlines away.
pub(super) fn read(bytes: &[u8]) -> Result<Text, Refusal> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or(Refusal::NotText)?;
    let (marked, text) = text.strip_prefix('\u{feff}').map_or((false, text), |rest| (true, rest));
    if text.trim_ascii().is_empty() {
        return Err(Refusal::Empty);
    }
    let body = text.replace("\r\n", "\n");
    let found = [(Code::Bom, marked), (Code::Crlf, body.len() < text.len())];
    let warnings = found.into_iter().filter(|(_, is_there)| *is_there).map(|(code, _)| (code, String::new()));
    Ok(Text { warnings: warnings.collect(), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: &[u8]) -> (String, Vec<Code>) {
        let text = read(bytes).unwrap();
        (text.body, text.warnings.into_iter().map(|(code, _)| code).collect())
    }

    #[test]
    fn marks_of_other_systems_go_with_a_warning() {
        assert_eq!(body(b"a=1\n"), ("a=1\n".to_owned(), vec![]));
        assert_eq!(body(b"\xef\xbb\xbfa=1"), ("a=1".to_owned(), vec![Code::Bom]));
        assert_eq!(body(b"\xef\xbb\xbfa=\r1\r\n\r\n"), ("a=\r1\n\n".to_owned(), vec![Code::Bom, Code::Crlf]));
    }

    #[test]
    fn blanks_alone_are_no_record() {
        for blank in [&b""[..], b" \n\n\t\n", b"\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"] {
            assert_eq!(read(blank).unwrap_err(), Refusal::Empty, "{blank:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        for binary in [&b"\0"[..], b"pid=1\0", b"name=caf\xe9\n", b"\xff\xfe"] {
            assert_eq!(read(binary).unwrap_err(), Refusal::NotText, "{binary:?}");
        }
    }
}

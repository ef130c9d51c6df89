//! The beginning of a text that may be long and may be anybody's.

use super::clean;

/// At most `limit` bytes, cut between characters, on one line and without control characters.
pub fn beginning(text: &[u8], limit: usize) -> String {
    let text = String::from_utf8_lossy(text);
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    clean::line(text.get(..end.unwrap_or(0)).unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::beginning;

    #[test]
    fn characters_stay_whole() {
        assert_eq!(beginning(b"sleep 300", 60), "sleep 300");
        assert_eq!(beginning("aé".as_bytes(), 2), "a");
        assert_eq!(beginning(b"a\x1b[2J\nb", 60), "a?[2J?b");
        assert_eq!(beginning(b"", 60), "");
    }
}

//! The part of a word that has been typed, as the shell will understand it.

/// Characters that mean nothing to a shell.
const PLAIN: &str = "_@%+=:,./-";

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// Without quotes.
    pub(super) text: String,
    /// A quote is open: the shell closes it.
    in_quotes: bool,
}

impl Typed {
    /// Understands backslashes, and one quote at the beginning.
    pub(super) fn read(word: &str) -> Self {
        match word.strip_prefix(['"', '\'']) {
            Some(text) => Self { text: text.to_owned(), in_quotes: true },
            None => Self { text: without_backslashes(word), in_quotes: false },
        }
    }

    /// Whether a candidate begins with it.
    pub(super) fn begins(&self, candidate: &str) -> bool {
        candidate.starts_with(&self.text)
    }

    /// A candidate as it has to stand in the command line.
    pub(super) fn quoted(&self, candidate: &str) -> String {
        let is_plain = |character: char| {
            self.in_quotes
                || !character.is_ascii()
                || character.is_ascii_alphanumeric()
                || PLAIN.contains(character)
        };
        let escaped = |character| [(!is_plain(character)).then_some('\\'), Some(character)];
        candidate.chars().flat_map(escaped).flatten().collect()
    }
}

fn without_backslashes(word: &str) -> String {
    let mut escaped = false;
    let mut text = String::new();
    for character in word.chars() {
        escaped = character == '\\' && !escaped;
        if !escaped {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_understood_and_written() {
        for (word, text, candidate, quoted) in [
            ("we", "we", "web-80", "web-80"),
            ("sp\\ a", "sp a", "sp ace-1", "sp\\ ace-1"),
            ("\"sp a", "sp a", "sp ace-1", "sp ace-1"),
            ("'", "", "it's", "it's"),
            ("a\\\\", "a\\", "a\\b", "a\\\\b"),
            ("", "", "é*$(x)", "é\\*\\$\\(x\\)"),
        ] {
            let typed = Typed::read(word);
            assert_eq!(typed.text, text, "{word:?}");
            assert_eq!(typed.quoted(candidate), quoted, "{candidate:?}");
        }
        assert!(Typed::read("sp\\ ").begins("sp ace") && !Typed::read("ace").begins("sp ace"));
    }
}

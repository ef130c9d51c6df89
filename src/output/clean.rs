//! Foreign text (names, commands, values) must not steer the terminal it is shown on.

use std::borrow::Cow;

const STAND_IN: &str = "?";

/// Text that may have several lines: every control character but newline and tab becomes `?`.
pub fn text(text: &str) -> Cow<'_, str> {
    replace(text, |character| character.is_control() && !matches!(character, '\n' | '\t'))
}

/// Text that must stay on its line: every control character becomes `?`.
pub fn line(text: &str) -> Cow<'_, str> {
    replace(text, char::is_control)
}

fn replace(text: &str, is_bad: impl Fn(char) -> bool) -> Cow<'_, str> {
    if text.contains(&is_bad) { Cow::Owned(text.replace(is_bad, STAND_IN)) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::{line, text};

    #[test]
    fn no_control_character_gets_through() {
        let hostile = "a\x1b[2J\x07\u{9b}31m\x7f\r\tb\nc";
        assert_eq!(text(hostile), "a?[2J??31m??\tb\nc");
        assert_eq!(line(hostile), "a?[2J??31m???b?c");
    }

    #[test]
    fn ordinary_text_stays_as_it_is() {
        let ordinary = "⚠️  sp ace é 'q' ✅";
        assert_eq!((text(ordinary), line(ordinary)), (ordinary.into(), ordinary.into()));
    }
}

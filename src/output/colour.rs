//! The colours of tables, as terminal sequences.

use std::fmt;

/// What a piece of text is painted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// The heading of a table.
    Heading,
    /// A process that runs.
    Good,
    /// One that does not.
    Faint,
    /// What is taken, or wrong.
    Bad,
}

impl Paint {
    /// A number of the 256-colour palette.
    fn number(self) -> u8 {
        match self {
            Self::Heading => 37,
            Self::Good => 34,
            Self::Faint => 244,
            Self::Bad => 160,
        }
    }

    /// `text` between the sequences that begin and end this colour.
    pub fn wrap(self, text: impl fmt::Display) -> String {
        format!("\x1b[38;5;{}m{text}\x1b[0m", self.number())
    }
}

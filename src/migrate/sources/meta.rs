//! `NAME.meta`: one line or many.

use super::{Parsed, lines, one_line, text};

/// Reads a record of generations 0 to 6. `now` is in epoch seconds.
pub fn parse(bytes: &[u8], now: i64) -> Parsed {
    let text = text::read(bytes)?;
    one_line::parse(&text, now).unwrap_or_else(|| lines::parse(&text, now))
}

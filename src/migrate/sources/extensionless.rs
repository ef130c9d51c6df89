//! `runtime/processes/NAME` without ending: assignments to upper-case keys, nothing in quotes.

use super::filler::{Filler, Home};
use super::lines::{assignments, skip_empty, split};
use super::{Generation, Parsed, assignments::gather, text};

const FIRST: &str = "TSM_ID";

/// Reads a record. `now` is in epoch seconds.
pub fn parse(bytes: &[u8], now: i64) -> Parsed {
    let text = text::read(bytes)?;
    let mut filler = Filler::new(Generation::Extensionless, now, text.warnings);
    gather(&assignments(&text.body, &[])?, home, &mut filler)?;
    Ok(filler.finish())
}

/// Whether a file is such a record at all: nothing but what no version wrote comes before its id.
pub fn is_record(bytes: &[u8]) -> bool {
    let Ok(text) = text::read(bytes) else {
        return starts_like_one(bytes);
    };
    let mut rest = skip_empty(&text.body);
    while let Some((key, after)) = split(rest) {
        if home(key).is_some() {
            return key == FIRST;
        }
        rest = skip_empty(after.split_once('\n').map_or("", |(_, rest)| rest));
    }
    false
}

/// A record with damaged bytes is one still, to be refused.
fn starts_like_one(bytes: &[u8]) -> bool {
    bytes.strip_prefix(FIRST.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

fn home(key: &str) -> Option<Home> {
    match key {
        "PROCESS_NAME" => Some(Home::Name),
        "STATUS" => Some(Home::Status),
        _ if key == key.to_ascii_uppercase() => Home::of_assignment(&key.to_ascii_lowercase()),
        _ => None,
    }
}

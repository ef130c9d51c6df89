//! Generations 5 and 6: a line for each assignment, some of the values in quotes. What is not as it was written, because
//! somebody edited it or it was cut, is read by a grammar of lines.

use super::assignments::{Assignment, gather};
use super::filler::{Filler, Home};
use super::text::Text;
use super::{Generation, Parsed, shape};
use crate::migrate::verdict::Refusal;

const QUOTES: [char; 2] = ['\'', '"'];
const BLANKS: [char; 2] = [' ', '\t'];

pub(super) fn parse(text: &Text, now: i64) -> Parsed {
    let mut filler = Filler::new(Generation::Lines, now, text.warnings.clone());
    let members = match shape::read(&text.body) {
        Some(members) => members,
        None => assignments(&text.body, &QUOTES)?,
    };
    if holds_a_record(&members) {
        return Err(Refusal::HostileLine);
    }
    gather(&members, Home::of_assignment, &mut filler)?;
    Ok(filler.finish())
}

/// A record of one line with something before it: its script would swallow all that follows.
fn holds_a_record(members: &[Assignment<'_>]) -> bool {
    let swallows = |member: &Assignment<'_>| {
        member.key == "script" && member.value.is_some_and(|value| value.contains(" pid="))
    };
    members.iter().any(swallows) && members.iter().all(|member| member.key != "pid")
}

/// Every assignment of the text; `quotes` are those that this format knows.
pub(super) fn assignments<'a>(text: &'a str, quotes: &[char]) -> Result<Vec<Assignment<'a>>, Refusal> {
    let mut found = Vec::new();
    let mut rest = skip_empty(text);
    while !rest.is_empty() {
        let (key, value) = split(rest).filter(|(key, _)| !steers_a_shell(key)).ok_or(Refusal::HostileLine)?;
        let (assignment, after) = match quotes.iter().find(|quote| value.starts_with(**quote)) {
            Some(quote) => quoted(key, value, *quote)?,
            None => {
                let (value, after) = first_line(value);
                (Assignment::bare(key, value), after)
            }
        };
        found.push(assignment);
        rest = skip_empty(after);
    }
    Ok(found)
}

/// `[export ]KEY=` and what follows it.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let exported = text.strip_prefix("export").filter(|rest| rest.starts_with(BLANKS));
    let text = exported.map_or(text, |rest| rest.trim_start_matches(BLANKS));
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let end = text.find(|letter| !is_word(letter))?;
    let (key, rest) = text.split_at(end);
    let starts_well = key.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    rest.strip_prefix('=').filter(|_| starts_well).map(|value| (key, value))
}

/// Past blanks, empty lines and comments.
pub(super) fn skip_empty(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n']);
        if !rest.starts_with('#') {
            return rest;
        }
        rest = first_line(rest).1;
    }
}

fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

fn steers_a_shell(key: &str) -> bool {
    ["PATH", "IFS", "ENV", "SHELLOPTS"].contains(&key) || key.starts_with("BASH_") || key.starts_with("LD_")
}

/// Up to the first quote that can be the closing one. Without any the file ends in the middle of the value, unless a
/// quote ends a line: then it is the next line that has no place here.
fn quoted<'a>(key: &'a str, text: &'a str, quote: char) -> Result<(Assignment<'a>, &'a str), Refusal> {
    let mut ends_a_line = false;
    for (place, _) in text.match_indices(quote).skip(1) {
        let (value, after) = text.split_at(place);
        let after = after.strip_prefix(quote).unwrap_or(after);
        if can_follow(after, quote) {
            let value = value.strip_prefix(quote).unwrap_or(value);
            return Ok((Assignment::quoted(key, value, quote), after));
        }
        ends_a_line |= after.starts_with('\n');
    }
    let cut = Assignment { key, value: None, quote: Some(quote) };
    if ends_a_line { Err(Refusal::HostileLine) } else { Ok((cut, "")) }
}

/// Whether a line ends here and the next one is none of the value's. An assignment to a key that no version wrote can be
/// a line of a command; a quote without its other half says so.
fn can_follow(after: &str, quote: char) -> bool {
    let Some(next) = after.strip_prefix('\n') else {
        return after.is_empty();
    };
    let next = first_line(next).0.trim_start_matches(BLANKS);
    if next.is_empty() || next.starts_with('#') {
        return true;
    }
    let is_balanced = || next.matches(quote).count().is_multiple_of(2);
    split(next).is_some_and(|(key, _)| Home::of_assignment(key).is_some() || is_balanced())
}

#[cfg(test)]
mod tests;

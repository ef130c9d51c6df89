//! Generations 0 to 4: one line, `script=S pid=P port=N start_time=T type=K tsm_id=I …`, the members in one order. Nothing
//! was escaped, so a line is read from its end: `S` is whatever the rest leaves.

use super::assignments::{Assignment, gather};
use super::filler::{Filler, Home};
use super::marks::{Marks, starts_with_key};
use super::text::Text;
use super::{Generation, Old, Parsed};
use crate::migrate::verdict::{Code, Refusal};

const SCRIPT: &str = "script=";

/// What may follow the script.
const KEYS: [&str; 10] = [
    "pid",
    "port",
    "start_time",
    "type",
    "cwd",
    "node_env",
    "tsm_id",
    "restart_count",
    "start_dir",
    "last_restart_time",
];

/// The last ones, each of them there or not.
const TRAILERS: [&str; 3] = ["start_dir", "cwd", "last_restart_time"];

/// `None`: the text is of some other format.
pub(super) fn parse(text: &Text, now: i64) -> Option<Parsed> {
    let line = text.body.trim_end_matches('\n');
    if SCRIPT.starts_with(line) {
        return Some(old(text, now, &[], true));
    }
    if !line.starts_with(SCRIPT) {
        return None;
    }
    let line = Line::of(line);
    let (whole, cut) = line.readings();
    if !whole.is_empty() {
        return Some(only(&whole).and_then(|members| old(text, now, members, false)));
    }
    if line.text.contains("\npid=") {
        return None;
    }
    if !cut.is_empty() {
        return Some(only(&cut).and_then(|members| old(text, now, members, true)));
    }
    Some(if line.is_cut_in_script() { old(text, now, &[], true) } else { Err(Refusal::HostileLine) })
}

fn old(text: &Text, now: i64, members: &[Assignment<'_>], is_cut: bool) -> Result<Old, Refusal> {
    let mut filler = Filler::new(Generation::OneLine, now, text.warnings.clone());
    if is_cut {
        filler.warn(Code::Truncated, "");
    }
    gather(members, Home::of_assignment, &mut filler)?;
    Ok(filler.finish())
}

/// The first of the readings, which has the longest script, unless another one has another pid.
fn only<'r, 'a>(readings: &'r [Members<'a>]) -> Result<&'r [Assignment<'a>], Refusal> {
    let pid =
        |members: &Members<'a>| members.iter().find(|member| member.key == "pid").and_then(|pid| pid.value);
    let mut pids = readings.iter().filter_map(pid);
    let first = pids.next();
    let is_clear = pids.all(|other| Some(other) == first);
    readings.first().filter(|_| is_clear).map(Vec::as_slice).ok_or(Refusal::AmbiguousPid)
}

type Members<'a> = Vec<Assignment<'a>>;

/// How far a reading of the members came.
enum Reach {
    /// To the end of the line, with all members.
    Whole,
    /// To the end of the line, which may be in the middle of something.
    Cut,
}

struct Line<'a> {
    text: &'a str,
    marks: Marks,
    /// Where the blanks begin that end the line.
    end: usize,
    /// Where the first newline is, and where the first one that another record seems to follow.
    breaks: [usize; 2],
}

/// A value and where it ends.
struct Found<'a> {
    member: Assignment<'a>,
    end: usize,
}

impl<'a> Line<'a> {
    fn of(text: &'a str) -> Self {
        let breaks = ["\n", "\nscript="].map(|newline| text.find(newline).unwrap_or(text.len()));
        Self { text, marks: Marks::of(text, &KEYS), end: text.trim_end_matches(' ').len(), breaks }
    }

    /// All that reach the end, whole ones and cut ones, those with the longest script first.
    fn readings(&self) -> (Vec<Members<'a>>, Vec<Members<'a>>) {
        let (mut whole, mut cut) = (Vec::new(), Vec::new());
        let first = self.text.rfind('\n').unwrap_or(0);
        for place in self.marks.all_before("pid").iter().rev().take_while(|place| **place > first) {
            match self.reading(*place) {
                Some((members, Reach::Whole)) => whole.push(members),
                Some((members, Reach::Cut)) => cut.push(members),
                None => {}
            }
        }
        (whole, cut)
    }

    /// With a script that ends here.
    fn reading(&self, place: usize) -> Option<(Members<'a>, Reach)> {
        let script = self.script(place)?;
        let mut members = Vec::new();
        let reach = self.members(place, &mut members)?;
        let is_script_whole =
            matches!(reach, Reach::Whole) || script.quote.is_some() || !self.opens_with_quote();
        members.insert(0, script);
        is_script_whole.then_some((members, reach))
    }

    fn script(&self, end: usize) -> Option<Assignment<'a>> {
        let text = self.text.get(SCRIPT.len()..end)?;
        let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        let [newline, next_record] = self.breaks;
        let is_one = end < newline || end < next_record && inner.is_some();
        let script = match inner {
            Some(inner) => Assignment::quoted("script", inner, '\''),
            None => Assignment::bare("script", text),
        };
        is_one.then_some(script)
    }

    /// The members from the blank before the first one to the end of the line.
    fn members(&self, mut place: usize, members: &mut Members<'a>) -> Option<Reach> {
        let mut may_follow = vec!["pid"];
        loop {
            let rest = self.text.get(place..)?;
            let Some(key) = may_follow.iter().copied().find(|key| starts_with_key(rest, key)) else {
                return self.reach(place, &may_follow, members);
            };
            may_follow = following(key, members);
            let Some(found) = self.member(key, place + key.len() + 2, &may_follow, members)? else {
                return Some(Reach::Cut);
            };
            members.push(found.member);
            place = found.end;
        }
    }

    /// Where the members end, nothing may follow but blanks or the beginning of a member.
    fn reach(&self, place: usize, may_follow: &[&str], members: &[Assignment<'_>]) -> Option<Reach> {
        if place >= self.end {
            return Some(if is_complete(members) { Reach::Whole } else { Reach::Cut });
        }
        let begun = self.text.get(place + 1..)?;
        may_follow.iter().any(|key| key.starts_with(begun)).then_some(Reach::Cut)
    }

    /// `Some(None)`: the end of the line may have cut the value.
    fn member(
        &self,
        key: &'static str,
        start: usize,
        may_follow: &[&str],
        members: &[Assignment<'a>],
    ) -> Option<Option<Found<'a>>> {
        let is_last = key == "tsm_id" || is_complete(members);
        if self.text.get(start..)?.starts_with('\'') {
            return self.quoted(key, start + 1, may_follow, is_last);
        }
        let blank = if key == "cwd" && !is_last {
            self.marks.before("node_env", start)
        } else {
            self.marks.blank(start)
        };
        let end = blank.unwrap_or(self.text.len());
        let member = Assignment::bare(key, self.text.get(start..end)?);
        let is_cut = end == self.text.len() && (!is_last || end == start);
        Some((!is_cut).then_some(Found { member, end }))
    }

    fn quoted(
        &self,
        key: &'static str,
        start: usize,
        may_follow: &[&str],
        is_last: bool,
    ) -> Option<Option<Found<'a>>> {
        let before_key = may_follow.iter().filter_map(|next| self.marks.quote_before(next, start + 1)).min();
        let at_end = is_last && self.end > start && self.text.get(..self.end)?.ends_with('\'');
        let Some(end) = before_key.or_else(|| at_end.then_some(self.end)) else {
            return self.marks.is_open(start).then_some(None);
        };
        let value = self.text.get(start..end - 1)?;
        Some(Some(Found { member: Assignment::quoted(key, value, '\''), end }))
    }

    fn opens_with_quote(&self) -> bool {
        self.text.get(SCRIPT.len()..).is_some_and(|script| script.starts_with('\''))
    }

    /// No member follows the script, so its end is missing.
    fn is_cut_in_script(&self) -> bool {
        self.marks.all_before("pid").is_empty()
    }
}

fn has(members: &[Assignment<'_>], key: &str) -> bool {
    members.iter().any(|member| member.key == key)
}

/// Nothing that must be there follows the id.
fn is_complete(members: &[Assignment<'_>]) -> bool {
    has(members, "tsm_id")
}

/// The keys that may follow this one, given those before it.
fn following(key: &str, before: &[Assignment<'_>]) -> Vec<&'static str> {
    match key {
        "pid" => vec!["port"],
        "port" => vec!["start_time"],
        "start_time" => vec!["type"],
        "type" => vec!["cwd", "tsm_id"],
        "cwd" if !is_complete(before) => vec!["node_env"],
        "node_env" => vec!["tsm_id"],
        _ => {
            let count = (key == "tsm_id").then_some("restart_count");
            let is_left = |trailer: &&str| *trailer != key && !has(before, trailer);
            count.into_iter().chain(TRAILERS.into_iter().filter(is_left)).collect()
        }
    }
}

#[cfg(test)]
mod tests;

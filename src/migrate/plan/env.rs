//! Environment dumps hold secrets: they are kept, closed to others, and never read but for their first line.

use std::collections::BTreeMap;
use std::io;

use super::candidate::Candidate;
use super::draft::Draft;
use super::settle::{Choice, Settled};
use crate::migrate::look::{Satellite, process_name, with_ending};
use crate::migrate::places::{self, EARLY_RECORDS, RECORDS};
use crate::migrate::sources::env_snapshot;
use crate::migrate::step::Phase;
use crate::migrate::verdict::Refusal;
use crate::sys::facts::Kind;

/// The permission bits of a dump.
const MODE: u32 = 0o600;

/// Longer than a path can be.
const FIRST_LINE: u64 = 8192;

/// What the first line of the dump says, where the record says nothing.
pub(super) fn env_file(winner: &Candidate<'_>, draft: &Draft<'_>) -> io::Result<Option<String>> {
    let dump = winner.found.env_dump(draft.look).filter(|dump| dump.facts.kind == Kind::File);
    let Some(dump) = dump else { return Ok(None) };
    Ok(draft.tree.read(&dump.place, FIRST_LINE)?.and_then(|bytes| env_snapshot::env_file(&bytes)))
}

/// Plans every dump: the one that goes with the record that counts gets its name, others go to the backup.
pub(super) fn plan(settled: &Settled<'_>, draft: &mut Draft<'_>) -> io::Result<()> {
    for (name, mut dumps) in all(settled, draft) {
        let favourite = settled.choices.get(name.as_str()).and_then(|choice| of_winner(choice, draft));
        dumps.sort_by_key(|dump| Some(&dump.place) != favourite.as_ref().map(|dump| &dump.place));
        let mut dumps = dumps.into_iter();
        if let Some(dump) = dumps.next() {
            keep(&name, &dump, draft)?;
        }
        dumps.for_each(|dump| draft.remove(&dump.place, &dump.facts));
    }
    for ended in &settled.ended {
        if let Some(dump) = ended.found.env_dump(draft.look) {
            draft.remove(&dump.place, &dump.facts);
        }
    }
    Ok(())
}

/// Every dump beside records, and those of living instances; links are refused. The later place first.
fn all(settled: &Settled<'_>, draft: &mut Draft<'_>) -> BTreeMap<String, Vec<Satellite>> {
    let look = draft.look;
    let mut dumps: BTreeMap<String, Vec<Satellite>> = BTreeMap::new();
    let mut add = |name: String, dump: Satellite| match dump.facts.kind {
        Kind::Link => draft.report.refuse(&dump.place, Refusal::Symlink),
        _ => dumps.entry(name).or_default().push(dump),
    };
    let instances =
        settled.choices.values().flat_map(Choice::candidates).filter(|one| one.instance().is_some());
    for candidate in instances {
        if let Some(dump) = candidate.found.env_dump(look) {
            add(candidate.name.to_owned(), dump);
        }
    }
    for dir in [RECORDS, EARLY_RECORDS] {
        for (stem, file, _) in with_ending(look.list_of(dir), ".env") {
            let name = process_name(stem).filter(|name| !settled.is_left_alone(name));
            if let (Some(name), Some(dump)) = (name, look.satellite(dir, file)) {
                add(name, dump);
            }
        }
    }
    dumps
}

fn of_winner(choice: &Choice<'_>, draft: &Draft<'_>) -> Option<Satellite> {
    choice.winner.as_ref()?.found.env_dump(draft.look)
}

fn keep(name: &str, dump: &Satellite, draft: &mut Draft<'_>) -> io::Result<()> {
    let to = places::at(RECORDS, format!("{name}.env"));
    if dump.place == to && dump.facts.mode == MODE {
        return Ok(());
    }
    draft.rename(Phase::Env, &dump.place, to, &dump.facts, Some(MODE))
}

//! Pid files: one for each process that runs, none for any other.

use std::io;

use super::draft::Draft;
use super::settle::Settled;
use crate::migrate::look::{Origin, process_name, with_ending};
use crate::migrate::places::{self, EARLY_PIDS, PIDS};
use crate::migrate::step::Phase;
use crate::sys::facts::Kind;

const MODE: u32 = 0o644;

/// Plans every pid file.
pub(super) fn plan(settled: &Settled<'_>, draft: &mut Draft<'_>) -> io::Result<()> {
    for (name, choice) in &settled.choices {
        if let Some(pid) =
            choice.winner.as_ref().and_then(|winner| winner.standing.identity()).map(|found| found.pid)
        {
            write(name, pid, draft)?;
        }
    }
    remove_left(settled, draft);
    Ok(())
}

fn write(name: &str, pid: i32, draft: &mut Draft<'_>) -> io::Result<()> {
    let place = places::at(PIDS, format!("{name}.pid"));
    let text = format!("{pid}\n").into_bytes();
    let facts = draft.look.facts(PIDS, place.name());
    let is_right = facts.is_some_and(|facts| facts.kind == Kind::File && facts.mode == MODE)
        && draft.tree.dir_of(&place)?.read(place.name(), text.len() as u64 + 1)? == text;
    if is_right { Ok(()) } else { draft.write(Phase::Pids, place, text, MODE, facts) }
}

/// Those of the dead, of nobody, and all in the early place. A JSON record that stays keeps its own.
fn remove_left(settled: &Settled<'_>, draft: &mut Draft<'_>) {
    let look = draft.look;
    for dir in [EARLY_PIDS, PIDS] {
        for (stem, file, facts) in with_ending(look.list_of(dir), ".pid") {
            let Some(name) = process_name(stem) else { continue };
            let stays = settled.is_left_alone(&name) || (dir == PIDS && is_needed(&name, settled, draft));
            if !stays && matches!(facts.kind, Kind::File | Kind::Link) {
                draft.remove(&places::at(dir, file), facts);
            }
        }
    }
    for found in settled.converted().filter(|found| matches!(found.origin, Origin::Instance(_))) {
        if let Some(file) = found.pid_file(look) {
            draft.remove(&file.place, &file.facts);
        }
    }
}

fn is_needed(name: &str, settled: &Settled<'_>, draft: &Draft<'_>) -> bool {
    match settled.choices.get(name).and_then(|choice| choice.winner.as_ref()) {
        Some(winner) => winner.is_online(),
        None => draft.has_json_record(name),
    }
}

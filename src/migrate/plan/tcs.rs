//! What TCS 3.0 kept beside its instances: links to the living ones, names, a counter.

use std::io;

use super::draft::Draft;
use crate::migrate::look::{Look, Origin, Satellite, instance};
use crate::migrate::place::Place;
use crate::migrate::places::{self, ACTIVE, CONFIG, DB, LOGS, TSM};
use crate::migrate::step::Phase;
use crate::migrate::verdict::Refusal;
use crate::sys::facts::{Facts, Kind};

/// Plans all of it.
pub(super) fn plan(draft: &mut Draft<'_>) -> io::Result<()> {
    orphans(draft)?;
    active(draft);
    if draft.look.has_instances() {
        config(draft)?;
    }
    Ok(())
}

/// Links are removed as links: they are neither opened nor followed. Anything else is somebody's.
fn active(draft: &mut Draft<'_>) {
    let place = Place::new(ACTIVE);
    let Some(facts) = draft.look.facts(TSM, place.name()).copied() else { return };
    match facts.kind {
        Kind::Link => draft.remove(&place, &facts),
        Kind::Dir => active_dir(&place, &facts, draft),
        Kind::File | Kind::Other => draft.report.refuse(&place, Refusal::NotSymlink),
    }
}

fn active_dir(place: &Place, facts: &Facts, draft: &mut Draft<'_>) {
    let entries = draft.look.list_of(ACTIVE);
    for (name, facts) in entries {
        let entry = places::at(ACTIVE, name);
        match facts.kind {
            Kind::Link => draft.remove(&entry, facts),
            Kind::File | Kind::Dir | Kind::Other => draft.report.refuse(&entry, Refusal::NotSymlink),
        }
    }
    draft.remove_dir(place, facts, entries.keys().cloned());
}

fn config(draft: &mut Draft<'_>) -> io::Result<()> {
    const LARGEST: u64 = 1 << 24;
    for name in ["names.json", "next_id"] {
        let Some(file) = draft.look.satellite(CONFIG, name).filter(|file| file.facts.kind == Kind::File)
        else {
            continue;
        };
        let bytes = draft.tree.dir_of(&file.place)?.read(file.place.name(), LARGEST)?;
        if name == "names.json" && serde_json::from_slice::<serde_json::Value>(&bytes).is_err() {
            draft.report.keep(&file.place, Refusal::NotJson.name());
        } else {
            draft.remove(&file.place, &file.facts);
        }
    }
    draft.remove_emptied(CONFIG)
}

/// Files of instances that have no record: logs go where those of a nameless instance go, the rest to the backup.
fn orphans(draft: &mut Draft<'_>) -> io::Result<()> {
    let look = draft.look;
    for (name, facts) in look.list_of(DB) {
        let Some((second, ending)) = instance(name) else { continue };
        if has_record(second, look) || !matches!(facts.kind, Kind::File | Kind::Link) {
            continue;
        }
        let file = Satellite { place: places::at(DB, name), facts: *facts };
        match ending {
            "stdout" => orphan_log(&file, second, "out", draft)?,
            "stderr" => orphan_log(&file, second, "err", draft)?,
            "pid" | "env" => draft.remove(&file.place, &file.facts),
            _ => {}
        }
    }
    Ok(())
}

fn orphan_log(file: &Satellite, second: &str, stream: &str, draft: &mut Draft<'_>) -> io::Result<()> {
    let to = places::at(LOGS, format!("unnamed-{second}")).join(format!("{second}.{stream}"));
    draft.rename(Phase::Logs, &file.place, to, &file.facts, None)
}

fn has_record(second: &str, look: &Look) -> bool {
    look.found.iter().any(|found| matches!(&found.origin, Origin::Instance(own) if own == second))
}

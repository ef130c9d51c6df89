//! Old records as if they had been converted, for whoever reads while nothing can be changed.

use std::collections::BTreeMap;
use std::io;

use super::draft::Draft;
use super::ledger::Ledger;
use super::logs::LogPaths;
use super::records::{self, Context};
use super::settle::{Choice, Settled};
use super::{Look, Tree, ids};
use crate::layout::Layout;
use crate::registry::{Old, Record};

/// Everything old, with its logs where they are now. Changes nothing.
pub fn view(look: &Look, tree: &Tree, layout: &Layout) -> io::Result<Old> {
    let settled = Settled::of(look, tree)?;
    let draft = Draft::new(look, tree, layout);
    let ledger = Ledger::read(look, tree)?;
    let ids = ids::assign(&settled, look);
    let in_use = settled.in_use.values().flatten();
    let winners = settled.choices.values().filter_map(|choice| choice.winner.as_ref());
    let logs = LogPaths::unchanged(winners.chain(in_use), layout, look);
    let context = Context { ids, logs, ledger: &ledger };
    let mut old = Old { records: Vec::new(), refused: refused(look, layout) };
    for choice in settled.choices.values() {
        old.records.extend(record_of(choice, &context, &draft)?);
    }
    for candidates in settled.in_use.values() {
        let choice = Choice::among(candidates.clone());
        old.records
            .extend(record_of(&choice, &context, &draft)?.map(|record| with_directory(record, layout)));
    }
    Ok(old)
}

fn record_of(choice: &Choice<'_>, context: &Context<'_>, draft: &Draft<'_>) -> io::Result<Option<Record>> {
    let Some(winner) = &choice.winner else { return Ok(None) };
    let id = context.ids.get(winner.name).copied().or(winner.old.tsm_id.map(i64::from)).unwrap_or_default();
    records::record(choice, winner, id, context, draft).map(Some)
}

fn with_directory(record: Record, layout: &Layout) -> Record {
    let dir = layout.processes().join(record.name());
    record.with_process_dir(&dir.to_string_lossy())
}

fn refused(look: &Look, layout: &Layout) -> BTreeMap<String, std::path::PathBuf> {
    let unreadable = |name: &str| super::unreadable(look, name).is_some();
    let of_name = |found: &super::super::look::Found| {
        let name = found.name.clone()?;
        let is_refused = found.read.is_err() || unreadable(&name);
        is_refused.then(|| (name, layout.tetra().join(found.refused_place().path())))
    };
    look.found.iter().filter_map(of_name).collect()
}

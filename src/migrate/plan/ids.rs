//! Every process keeps its id, unless another has it already.

use std::collections::{BTreeMap, BTreeSet};

use super::settle::Settled;
use crate::migrate::look::{Look, Target};

/// The ids of the names whose record is made anew.
pub(super) fn assign<'a>(settled: &Settled<'a>, look: &Look) -> BTreeMap<&'a str, i64> {
    let mut taken = unchanging(settled, look);
    let mut ids = BTreeMap::new();
    let mut waiting = Vec::new();
    // Whoever started first keeps an id that several claim; one without a time has the weakest claim.
    let mut claims: Vec<_> = settled.choices.values().filter_map(|choice| choice.winner.as_ref()).collect();
    claims.sort_by_key(|winner| (winner.old.start_time.is_none(), winner.old.start_time, winner.name));
    for winner in claims {
        match winner.old.tsm_id.map(i64::from) {
            Some(id) if taken.insert(id) => {
                ids.insert(winner.name, id);
            }
            _ => waiting.push(winner.name),
        }
    }
    let mut free = (0..).filter(|id| !taken.contains(id));
    ids.extend(waiting.into_iter().filter_map(|name| Some((name, free.next()?))));
    ids
}

/// Ids of records that stay as they are.
fn unchanging(settled: &Settled<'_>, look: &Look) -> BTreeSet<i64> {
    let replaced = |name: &str| settled.choices.get(name).is_some_and(|choice| choice.winner.is_some());
    let targets =
        look.targets.iter().filter(|(name, _)| !replaced(name)).filter_map(|(_, target)| match target {
            Target::Whole(record, _) => Some(record.tsm_id()),
            Target::Unreadable(_) => None,
        });
    let in_use =
        settled.in_use.values().flatten().filter_map(|candidate| candidate.old.tsm_id.map(i64::from));
    targets.chain(in_use).collect()
}

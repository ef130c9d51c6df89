//! The port ledger stays; rows of processes that nobody knows any more go.

use std::collections::BTreeMap;
use std::io;

use super::draft::Draft;
use super::settle::Settled;
use crate::migrate::look::Look;
use crate::migrate::place::Place;
use crate::migrate::places::{self, PORTS};
use crate::migrate::step::Phase;
use crate::migrate::tree::Tree;
use crate::sys::facts::{Facts, Kind};

const FILE: &str = "registry.tsv";
const LARGEST: u64 = 1 << 24;

/// What the ledger says.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    file: Option<(Place, Facts)>,
    lines: Vec<Vec<u8>>,
    /// Ports that processes were found to listen on, by name.
    found: BTreeMap<String, u16>,
}

impl Ledger {
    /// Reads it; none is as good as an empty one.
    pub(super) fn read(look: &Look, tree: &Tree) -> io::Result<Self> {
        let Some(facts) = look.facts(PORTS, FILE).filter(|facts| facts.kind == Kind::File) else {
            return Ok(Self::default());
        };
        let place = places::at(PORTS, FILE);
        let bytes = tree.dir_of(&place)?.read(place.name(), LARGEST)?;
        let lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let found = lines
            .iter()
            .filter_map(|line| row(line))
            .filter_map(|row| Some((row.name, row.found?)))
            .collect();
        Ok(Self { file: Some((place, *facts)), lines, found })
    }

    /// The port that a process was found to listen on instead of the declared one.
    pub(super) fn found_port(&self, name: &str) -> Option<u16> {
        self.found.get(name).copied()
    }

    /// Plans what is left of it.
    pub(super) fn plan(&self, settled: &Settled<'_>, draft: &mut Draft<'_>) -> io::Result<()> {
        let Some((place, facts)) = &self.file else { return Ok(()) };
        let is_known = |name: &str| {
            settled.choices.contains_key(name) || settled.is_left_alone(name) || draft.has_json_record(name)
        };
        let stays = |line: &&Vec<u8>| row(line).is_none_or(|row| is_known(&row.name));
        let kept: Vec<u8> = self.lines.iter().filter(stays).flatten().copied().collect();
        if kept.len() == self.lines.iter().map(Vec::len).sum::<usize>() {
            return Ok(());
        }
        draft.write(Phase::Services, place.clone(), kept, facts.mode, Some(facts))
    }
}

struct Row {
    name: String,
    found: Option<u16>,
}

/// Id, name, declared port, found port, pid, time. Other lines are nobody's.
fn row(line: &[u8]) -> Option<Row> {
    let text = std::str::from_utf8(line).ok()?.trim_end_matches('\n');
    let [id, name, _, found, _, _] = text.split('\t').collect::<Vec<_>>()[..] else { return None };
    (id != "tsm_id")
        .then(|| Row { name: name.to_owned(), found: found.parse().ok().filter(|port| *port > 0) })
}

//! Logs are renamed, never copied: whoever writes to one goes on writing to it.

mod dirs;
mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::path::Path;

use self::dirs::LogDirs;
pub(super) use self::paths::LogPaths;
use super::candidate::Candidate;
use super::draft::Draft;
use super::settle::{Choice, Settled};
use crate::layout::Layout;
use crate::migrate::look::{Log, Look, Satellite, process_name, with_ending};
use crate::migrate::place::Place;
use crate::migrate::places::{self, EARLY_LOGS, LOGS};
use crate::migrate::step::Phase;
use crate::migrate::verdict::Code;
use crate::sys::facts::Kind;

/// One of the files that could become a log of a process.
struct Source {
    file: Satellite,
    /// The record that counts writes, or wrote, to it.
    is_winners: bool,
    /// Later writers before earlier ones.
    rank: u8,
}

/// Rank of what lies in the new place already.
const IN_PLACE: u8 = u8::MAX;

/// By process and name in its directory.
type Sources = BTreeMap<(String, String), Vec<Source>>;

/// Plans every log.
pub(super) fn plan(settled: &Settled<'_>, layout: &Layout, draft: &mut Draft<'_>) -> io::Result<LogPaths> {
    let mut sources = Sources::new();
    for (name, choice) in &settled.choices {
        of_choice(name, choice, draft.look, &mut sources);
    }
    orphans(settled, draft.look, &mut sources);
    let mut mover = Mover {
        device: draft.tree.device(Path::new(LOGS))?,
        dirs: LogDirs::default(),
        paths: LogPaths::new(layout),
        draft,
    };
    for ((name, target), files) in sources {
        mover.arrange(&name, &target, files, settled.choices.get(name.as_str()))?;
    }
    for ended in &settled.ended {
        mover.keep_by_second(ended)?;
    }
    Ok(mover.paths)
}

fn of_choice(name: &str, choice: &Choice<'_>, look: &Look, sources: &mut Sources) {
    let winner = choice.winner.iter().map(|candidate| (candidate, true));
    let others = choice.losers.iter().chain(&choice.same).map(|candidate| (candidate, false));
    for (candidate, is_winners) in winner.chain(others) {
        for Log { file, target } in candidate.found.logs(look) {
            let source = Source { file, is_winners, rank: candidate.found.origin.rank() };
            sources.entry((name.to_owned(), target)).or_default().push(source);
        }
    }
}

/// Logs that no record speaks of. Those of a name whose records are left alone are left, too.
fn orphans(settled: &Settled<'_>, look: &Look, sources: &mut Sources) {
    let known: BTreeSet<Place> = sources.values().flatten().map(|source| source.file.place.clone()).collect();
    let endings = [("out", ".out"), ("out", ".log"), ("err", ".err")];
    for (rank, dir) in [(0, EARLY_LOGS), (2, LOGS)] {
        for (stream, ending) in endings.iter().filter(|(_, ending)| dir == EARLY_LOGS || *ending != ".log") {
            for (stem, file, _) in with_ending(look.list_of(dir), ending) {
                let name = process_name(stem).filter(|name| !settled.is_left_alone(name));
                let file = look.satellite(dir, file).filter(|file| !known.contains(&file.place));
                if let (Some(name), Some(file)) = (name, file) {
                    let source = Source { file, is_winners: false, rank };
                    sources.entry((name, format!("current.{stream}"))).or_default().push(source);
                }
            }
        }
    }
}

/// Gives files their new names.
struct Mover<'a, 'b> {
    /// The file system of the new places: a rename does not leave it.
    device: u64,
    dirs: LogDirs,
    paths: LogPaths,
    draft: &'a mut Draft<'b>,
}

impl Mover<'_, '_> {
    /// The best one gets the name, the others one that tells that they are older.
    fn arrange(
        &mut self,
        name: &str,
        target: &str,
        files: Vec<Source>,
        choice: Option<&Choice<'_>>,
    ) -> io::Result<()> {
        let mut files = self.movable(name, target, files)?;
        let present = self.dirs.get(name, self.draft)?;
        let dir = places::at(LOGS, name);
        let there = present.entries.get(OsStr::new(target)).copied();
        if let Some(facts) = there {
            let is_winners = choice.is_none_or(|choice| choice.winner.is_none());
            files.push(Source {
                file: Satellite { place: dir.join(target), facts },
                is_winners,
                rank: IN_PLACE,
            });
        }
        files.sort_by_key(|source| (!source.is_winners, u8::MAX - source.rank));
        let mut moves: Vec<(Satellite, String)> = Vec::new();
        for source in files {
            let is_first = moves.is_empty();
            if there.is_some() && !is_first {
                self.draft.report.warn(&source.file.place, Code::LogTargetExists, "");
            }
            moves.push((source.file, if is_first { target.to_owned() } else { present.free_name(target) }));
        }
        // What gets the name last finds it free.
        moves.iter().rev().try_for_each(|(file, new_name)| relocate(file, dir.join(new_name), self.draft))
    }

    /// Those that a rename can bring to their new place. The others stay, and their records say so.
    fn movable(&mut self, name: &str, target: &str, files: Vec<Source>) -> io::Result<Vec<Source>> {
        let is_usable = self.dirs.get(name, self.draft)?.is_usable;
        let (moving, staying): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|source| is_usable && source.file.facts.device == self.device);
        for source in staying {
            self.draft.report.warn(&source.file.place, Code::LogOtherFs, "");
            self.paths.stays(name, target, &source.file.place);
        }
        Ok(moving)
    }

    /// An ended instance keeps its logs under its second.
    fn keep_by_second(&mut self, ended: &Candidate<'_>) -> io::Result<()> {
        for Log { file, target } in ended.found.logs(self.draft.look) {
            let present = self.dirs.get(ended.name, self.draft)?;
            let wanted = target.replace("current", ended.instance().unwrap_or_default());
            let new_name = if present.take(&wanted) { wanted } else { present.free_name(&wanted) };
            relocate(&file, places::at(LOGS, ended.name).join(new_name), self.draft)?;
        }
        Ok(())
    }
}

fn relocate(file: &Satellite, to: Place, draft: &mut Draft<'_>) -> io::Result<()> {
    if file.place == to {
        return Ok(());
    }
    if file.facts.kind == Kind::Link {
        draft.report.warn(&file.place, Code::LogSymlink, "");
    }
    draft.rename(Phase::Logs, &file.place, to, &file.facts, None)
}

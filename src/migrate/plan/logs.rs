//! Logs are renamed, never copied: whoever writes to one goes on writing to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Value, json};

use super::draft::Draft;
use super::settle::{Choice, Settled};
use crate::layout::{Layout, Stream};
use crate::migrate::look::{Log, Look, Satellite, process_name, with_ending};
use crate::migrate::place::Place;
use crate::migrate::places::{self, EARLY_LOGS, LOGS};
use crate::migrate::step::Phase;
use crate::migrate::tree::Listing;
use crate::migrate::verdict::Code;
use crate::sys::facts::Kind;

/// Where the streams of each process are logged after the migration.
#[derive(Debug)]
pub(super) struct LogPaths {
    layout: Layout,
    /// Logs that cannot be moved, by process and file name.
    staying: BTreeMap<(String, String), Place>,
}

impl LogPaths {
    /// The member `logs` of a record.
    pub(super) fn of(&self, name: &str) -> Value {
        json!({ "out": self.path(name, Stream::Out), "err": self.path(name, Stream::Err) })
    }

    fn path(&self, name: &str, stream: Stream) -> String {
        let key = (name.to_owned(), format!("current.{}", stream.name()));
        let staying = self
            .staying
            .get(&key)
            .and_then(|place| self.layout.tetra().join(place.path()).into_os_string().into_string().ok());
        staying.unwrap_or_else(|| self.layout.current_log(name, stream))
    }
}

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
    let mut paths = LogPaths { layout: layout.clone(), staying: BTreeMap::new() };
    let mut sources = Sources::new();
    for (name, choice) in &settled.choices {
        of_choice(name, choice, draft.look, &mut sources);
    }
    orphans(settled, draft.look, &mut sources);
    let device = draft.tree.device(std::path::Path::new(LOGS))?;
    let mut dirs = LogDirs::default();
    for ((name, target), mut files) in sources {
        let present = dirs.get(&name, draft)?;
        files.retain(|source| {
            let moves = source.file.facts.device == device && present.is_usable;
            if !moves {
                draft.report.warn(&source.file.place, Code::LogOtherFs, "");
                paths.staying.insert((name.clone(), target.clone()), source.file.place.clone());
            }
            moves
        });
        arrange(&name, &target, files, settled.choices.get(name.as_str()), present, draft)?;
    }
    for ended in &settled.ended {
        of_ended(
            ended.name,
            ended.found.logs(draft.look),
            ended.instance().unwrap_or_default(),
            &mut dirs,
            draft,
        )?;
    }
    Ok(paths)
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

/// The best one gets the name, the others one that tells that they are older.
fn arrange(
    name: &str,
    target: &str,
    mut files: Vec<Source>,
    choice: Option<&Choice<'_>>,
    present: &mut LogDir,
    draft: &mut Draft<'_>,
) -> io::Result<()> {
    let dir = places::at(LOGS, name);
    if let Some(facts) = present.entries.get(std::ffi::OsStr::new(target)).copied() {
        let is_winners = choice.is_none_or(|choice| choice.winner.is_none());
        files.push(Source { file: Satellite { place: dir.join(target), facts }, is_winners, rank: IN_PLACE });
    }
    let was_there = files.iter().any(|source| source.rank == IN_PLACE);
    files.sort_by_key(|source| (!source.is_winners, u8::MAX - source.rank));
    let mut moves: Vec<(Satellite, String)> = Vec::new();
    for (index, source) in files.into_iter().enumerate() {
        if index == 0 {
            moves.push((source.file, target.to_owned()));
        } else {
            if was_there {
                draft.report.warn(&source.file.place, Code::LogTargetExists, "");
            }
            moves.push((source.file, present.free_name(target)));
        }
    }
    // What gets the name last finds it free.
    for (file, new_name) in moves.into_iter().rev() {
        relocate(&file, dir.join(new_name), draft)?;
    }
    Ok(())
}

/// An ended instance keeps its logs under its second.
fn of_ended(
    name: &str,
    logs: Vec<Log>,
    second: &str,
    dirs: &mut LogDirs,
    draft: &mut Draft<'_>,
) -> io::Result<()> {
    for Log { file, target } in logs {
        let present = dirs.get(name, draft)?;
        let wanted = target.replace("current", second);
        let new_name = if present.take(&wanted) { wanted } else { present.free_name(&wanted) };
        relocate(&file, places::at(LOGS, name).join(new_name), draft)?;
    }
    Ok(())
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

/// The directories of logs that have been looked into, by process.
#[derive(Default)]
struct LogDirs(BTreeMap<String, LogDir>);

/// What the directory of a process's logs holds, and will hold.
struct LogDir {
    entries: Listing,
    taken: BTreeSet<String>,
    /// It is a directory, or will be one.
    is_usable: bool,
}

impl LogDirs {
    fn get(&mut self, name: &str, draft: &Draft<'_>) -> io::Result<&mut LogDir> {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), LogDir::of(name, draft)?);
        }
        self.0.get_mut(name).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl LogDir {
    fn of(name: &str, draft: &Draft<'_>) -> io::Result<Self> {
        let kind = draft.look.facts(LOGS, name).map(|facts| facts.kind);
        let is_dir = kind == Some(Kind::Dir);
        let entries = if is_dir { draft.tree.list(places::at(LOGS, name).path())? } else { Listing::new() };
        let taken = entries.keys().filter_map(|name| name.to_str().map(str::to_owned)).collect();
        Ok(Self { entries, taken, is_usable: is_dir || kind.is_none() })
    }

    /// Whether a name was free; it is not any more.
    fn take(&mut self, name: &str) -> bool {
        self.taken.insert(name.to_owned())
    }

    /// `premigrate.out`, `premigrate.1.out`… for `current.out`; `index.1.log`… for `index.log`.
    fn free_name(&mut self, target: &str) -> String {
        let (stem, ending) = target.rsplit_once('.').unwrap_or((target, ""));
        let first = (stem == "current").then(|| format!("premigrate.{ending}"));
        let stem = if stem == "current" { "premigrate" } else { stem };
        let numbered = (1_u32..).map(|number| format!("{stem}.{number}.{ending}"));
        let free =
            first.into_iter().chain(numbered).find(|name| !self.taken.contains(name)).unwrap_or_default();
        self.take(&free);
        free
    }
}

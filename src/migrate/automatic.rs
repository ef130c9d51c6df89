//! The migration in front of every other command: cheap where there is nothing to do, silent where it can be.

use std::fs;
use std::time::Duration;

use super::journal;
use super::look::{Look, instance, stem};
use super::plan::view;
use super::report::Report;
use super::run::{Outcome, Request, look, open, run};
use super::session::Session;
use super::state::{Announced, Standing, State};
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::registry::{Old, Registry};
use crate::sys::clock;
use crate::sys::spawn::own_user;

/// What the automatic run leaves to the command.
#[derive(Debug, Default)]
pub struct Automatic {
    /// What is not converted.
    pub old: Old,
    /// What the user is told, on stderr: at most two lines.
    pub notices: Vec<String>,
    /// Why nothing could be converted, if there is anything that should be.
    pub hindrance: Option<String>,
    /// Names whose new records went, because a rollback that had been cut off was finished.
    pub withdrawn: Vec<String>,
}

/// Migrates if there is anything to migrate. `forbidden`: why the caller does not want it.
pub fn automatic(registry: &Registry, forbidden: Option<&str>, patience: Duration) -> Result<Automatic> {
    let layout = registry.layout();
    if !is_pending(layout) {
        return Ok(Automatic::default());
    }
    let Some(tree) = open(layout)? else { return Ok(Automatic::default()) };
    let state = State::read(&tree).unwrap_or_default();
    let is_unfinished = journal::unfinished_id(&tree).unwrap_or_default().is_some();
    let report = match look(&tree, layout) {
        Ok(sight) if sight.plan.is_empty() && sight.obstacle.is_none() && !is_unfinished => sight.plan.report,
        Ok(_) => {
            let stamp = state.as_ref().filter(|_| !is_unfinished);
            let hindrance = forbidden.map(str::to_owned).or_else(|| hindrance(&tree, stamp));
            return convert(hindrance, &tree, state.as_ref(), registry, patience);
        }
        Err(error) => return Ok(hindered(reason(&error), &tree, layout)),
    };
    let notices: Vec<String> = left_alone(&report, state.as_ref(), &tree).into_iter().collect();
    if !notices.is_empty() && forbidden.is_none() {
        remember(&report, state, &tree, registry);
    }
    Ok(Automatic { old: old(&tree, layout), notices, ..Automatic::default() })
}

/// Whether there is anything that an older version may have left: two directories, usually, one of them missing.
fn is_pending(layout: &Layout) -> bool {
    let root = layout.root();
    let has = |dir: &std::path::Path, is_old: &dyn Fn(&fs::DirEntry) -> bool| {
        fs::read_dir(dir).into_iter().flatten().flatten().any(|entry| is_old(&entry))
    };
    has(&layout.processes(), &is_old_entry)
        || has(&root.join("processes"), &|entry| stem(&entry.file_name(), ".meta").is_some())
        || has(&root.join("db"), &|entry| matches!(instance(&entry.file_name()), Some((_, "meta"))))
        || root.join("active").symlink_metadata().is_ok()
        || layout.unfinished_migration().symlink_metadata().is_ok()
}

/// In the directory of records: whatever is neither one of ours nor hidden nor known to be nothing.
fn is_old_entry(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let is_hidden = name.as_encoded_bytes().starts_with(b".");
    let has_ending = |ending: &&str| stem(&name, ending).is_some();
    let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
    !is_hidden
        && name != "sockets"
        && (is_dir || ![".json", ".env", ".tmp", ".bak", ".swp", "~"].iter().any(has_ending))
}

const ROLLED_BACK: &str = "it was rolled back, run: tsm migrate";

/// Why nothing may be converted here and now.
fn hindrance(tree: &Tree, state: Option<&State>) -> Option<String> {
    if state.is_some_and(|state| state.state == Standing::RolledBack) {
        return Some(ROLLED_BACK.to_owned());
    }
    let owner = tree.dir("tsm".as_ref()).ok().flatten()?.own_facts().ok()?.user;
    (owner != own_user()).then(|| "this installation belongs to another user".to_owned())
}

fn convert(
    hindrance: Option<String>,
    tree: &Tree,
    state: Option<&State>,
    registry: &Registry,
    patience: Duration,
) -> Result<Automatic> {
    let layout = registry.layout();
    if let Some(reason) = hindrance {
        return Ok(hindered(reason, tree, layout));
    }
    let outcome = match run(Request { dry_run: false, patience, anew: false }, registry, &mut |_, _| ()) {
        Ok(Outcome { obstacle: Some(obstacle), .. }) => {
            return Ok(hindered(obstacle.to_string(), tree, layout));
        }
        Ok(Outcome { withdrawn: Some(withdrawn), .. }) => {
            return Ok(Automatic { withdrawn, ..hindered(ROLLED_BACK.to_owned(), tree, layout) });
        }
        Ok(outcome) => outcome,
        Err(error) => return Ok(hindered(reason(&error), tree, layout)),
    };
    let notices = converted(&outcome).into_iter().chain(left_alone(&outcome.report, state, tree));
    let old = if outcome.report.kept.is_empty() && outcome.report.refused.is_empty() {
        Old::default()
    } else {
        old(tree, layout)
    };
    Ok(Automatic { old, notices: notices.collect(), ..Automatic::default() })
}

fn hindered(reason: String, tree: &Tree, layout: &Layout) -> Automatic {
    Automatic { old: old(tree, layout), hindrance: Some(reason), ..Automatic::default() }
}

/// Without the words that go before it.
fn reason(error: &Error) -> String {
    let text = error.reason();
    text.strip_prefix("cannot migrate: ").unwrap_or(&text).to_owned()
}

/// What cannot be read just now is not there for a command that only looks.
fn old(tree: &Tree, layout: &Layout) -> Old {
    let look = Look::at(tree, clock::epoch());
    look.and_then(|look| view(&look, tree, layout)).unwrap_or_default()
}

fn converted(outcome: &Outcome) -> Option<String> {
    let records = outcome.report.converted.len() + outcome.report.to_history();
    let backup = outcome.backup.as_ref()?.display();
    Some(format!("tsm: migrated {records} process record(s) to JSON; backup in {backup}"))
}

/// Unless all of them have been announced as they are.
fn left_alone(report: &Report, state: Option<&State>, tree: &Tree) -> Option<String> {
    let known = state.map_or(&[][..], |state| &state.refused);
    let is_known = |item: &Announced| known.contains(item);
    let news = report
        .refused
        .iter()
        .filter(|item| !Announced::of(&item.path, tree).is_some_and(|item| is_known(&item)));
    let items = report.refused.len();
    (news.count() > 0).then(|| format!("tsm: {items} item(s) left alone, see: tsm migrate --status"))
}

/// What was announced is not announced again. Whoever cannot write that down says it once more.
fn remember(report: &Report, state: Option<State>, tree: &Tree, registry: &Registry) {
    let refused = report.refused.iter().filter_map(|item| Announced::of(&item.path, tree)).collect();
    if let Ok(Some(session)) = Session::begin(tree, registry, Duration::ZERO) {
        let _ = session.remember(refused, state);
    }
}

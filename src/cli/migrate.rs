//! `tsm migrate`: bring an installation of the bash tool over, whole.

mod text;

use std::time::Duration;

use clap::{Arg, ArgAction};
use serde_json::{Map, Value, json};

use self::text::{Text, refusal};
use super::progress::Bar;
use super::{Context, Words, usage};
use crate::error::Result;
use crate::lifecycle;
use crate::migrate::elsewhere;
use crate::migrate::{self, Outcome, Request, Status, Wish};
use crate::sys::clock;

/// How long the explicit command waits for other writers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Done, but something was left because it cannot be believed.
const REFUSED: u8 = 3;
/// Nothing was begun.
const NOT_STARTED: u8 = 4;

/// Of the object that `--json` prints.
const VERSION: u32 = 1;

const USAGE: &str = "tsm migrate [--dry-run] [--json] [--quiet] | --status | --rollback [ID] [--force]";

pub(super) fn catalog() -> clap::Command {
    let flag = |name, help| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    clap::Command::new("migrate")
        .about("Bring the records of the bash tool over to the new layout")
        .override_usage(USAGE)
        .arg(flag("dry-run", "Say what would be done, and change nothing"))
        .arg(flag("json", "Print one JSON object"))
        .arg(flag("quiet", "Print only what was refused, and warnings"))
        .arg(flag("status", "Say where this installation stands"))
        .arg(
            Arg::new("rollback")
                .long("rollback")
                .value_name("ID")
                .num_args(0..=1)
                .help("Put everything back as it was before the last migration, or that one"),
        )
        .arg(flag("force", "With --rollback: also when records have changed since"))
}

/// What the words ask for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Flags {
    dry_run: bool,
    json: bool,
    quiet: bool,
    status: bool,
    help: bool,
    force: bool,
    rollback: bool,
    id: Option<String>,
}

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let flags = parse(words)?;
    if flags.help {
        cx.io.bytes(catalog().render_help().to_string().as_bytes());
        return Ok(0);
    }
    if flags.status {
        return status(cx);
    }
    if flags.rollback { rollback(flags, cx) } else { forward(&flags, cx) }
}

fn forward(flags: &Flags, cx: &mut Context) -> Result<u8> {
    let request = Request { dry_run: flags.dry_run, patience: PATIENCE, anew: true };
    let mut outcome = with_bar(|progress| migrate::run(request, &cx.registry, progress))?;
    outcome.report.kept.extend(elsewhere::leftovers(cx.config.tetra_src.as_deref()));
    lifecycle::leave(outcome.withdrawn.as_deref().unwrap_or_default(), &cx.registry);
    if flags.json {
        cx.io.line(format_args!("{:#}", to_json(&outcome, flags.dry_run, cx)));
    } else {
        Text { flags, io: &mut cx.io }.print(&outcome);
    }
    if let Some(obstacle) = &outcome.obstacle {
        cx.io.error(format_args!("tsm: cannot migrate: {obstacle}"));
        return Ok(NOT_STARTED);
    }
    Ok(if outcome.report.refused.is_empty() { 0 } else { REFUSED })
}

fn rollback(flags: Flags, cx: &mut Context) -> Result<u8> {
    let wish = Wish { id: flags.id, force: flags.force, patience: PATIENCE };
    let undone = with_bar(|progress| migrate::rollback(&wish, &cx.registry, progress))?;
    let Some(undone) = undone else {
        cx.io.line("nothing to roll back");
        return Ok(0);
    };
    lifecycle::leave(&undone.names, &cx.registry);
    undone.changed.iter().for_each(|place| cx.io.line(format_args!("kept {place}: changed since")));
    cx.io.line(format_args!("rolled back {}: {} record(s)", undone.id, undone.names.len()));
    Ok(0)
}

fn status(cx: &mut Context) -> Result<u8> {
    match migrate::status(&cx.config.layout)? {
        Status::Migrated { time, id } => cx.io.line(format_args!("migrated {} {id}", clock::utc_time(time))),
        Status::RolledBack { time, id } => {
            cx.io.line(format_args!("rolled back {} {id}", clock::utc_time(time)));
        }
        Status::NothingToMigrate => cx.io.line("nothing to migrate"),
        Status::Interrupted { id } => {
            cx.io.line(format_args!("interrupted {id}"));
            return Ok(1);
        }
        Status::NotMigrated { items, refused } => {
            cx.io.line(format_args!("not migrated: {items} item(s)"));
            refused.iter().for_each(|item| cx.io.line(refusal(item)));
            return Ok(REFUSED);
        }
    }
    Ok(0)
}

fn with_bar<T>(act: impl FnOnce(&mut dyn FnMut(usize, usize)) -> Result<T>) -> Result<T> {
    let mut bar = Bar::new();
    let done = act(&mut |done, total| bar.update(done, total));
    bar.finish();
    done
}

fn parse(mut words: Words) -> Result<Flags> {
    let mut flags = Flags::default();
    while let Some(word) = words.shift() {
        match word.as_str() {
            "--dry-run" => flags.dry_run = true,
            "--json" => flags.json = true,
            "--quiet" => flags.quiet = true,
            "--status" => flags.status = true,
            "--force" => flags.force = true,
            "--rollback" => flags.rollback = true,
            "-h" | "--help" => flags.help = true,
            id if flags.rollback && flags.id.is_none() && !id.starts_with('-') => flags.id = Some(word),
            _ => return Err(usage(format!("tsm: unknown option '{word}'; usage: {USAGE}"))),
        }
    }
    // Whoever asks to look only must never get the thing itself.
    if flags.rollback && flags.dry_run {
        return Err(usage(format!("tsm: --rollback knows no --dry-run; usage: {USAGE}")));
    }
    Ok(flags)
}

fn to_json(outcome: &Outcome, dry_run: bool, cx: &Context) -> Value {
    let mut object = Map::new();
    let mut set = |name: &str, value| object.insert(name.to_owned(), value);
    set("version", VERSION.into());
    set("id", json!(outcome.id));
    set("root", json!(cx.config.layout.tetra()));
    set("dry_run", dry_run.into());
    for (name, items) in outcome.report.to_json() {
        set(&name, items);
    }
    if let Some(obstacle) = outcome.obstacle.as_ref().filter(|_| outcome.report.refused.is_empty()) {
        set("refused", json!([{ "path": obstacle.path.to_string(), "reason": obstacle.reason }]));
    }
    set("backup", json!(outcome.backup.as_ref().map(|path| path.display().to_string())));
    set("resumed", outcome.resumed.into());
    object.into()
}

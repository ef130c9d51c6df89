//! `tsm save`: a command or a process as a service definition; without a name, the list of all running processes.

use std::ffi::{OsStr, OsString};

use super::{Context, Words};
use crate::config;
use crate::error::{Error, Result};
use crate::persist;
use crate::registry::Record;
use crate::services::{self, Draft};

const FAILED: u8 = 1;
const USAGE: [&str; 2] = [
    "Usage: tsm save <service-name> <command> [args...]",
    "   or: tsm save <process-id|process-name> [new-service-name]",
];

pub(super) fn catalog() -> clap::Command {
    let word = |name: &'static str, help: &'static str| clap::Arg::new(name).value_name(name).help(help);
    clap::Command::new("save")
        .about("Save a command or a process as a service, or the list of all that runs")
        .override_usage(
            "tsm save <service-name> <command> [args...]\n       \
             tsm save <process-id|process-name> [new-service-name]\n       \
             tsm save [--force]",
        )
        .arg(word(
            "name",
            "The new service, or the process it is made from; nothing: save the list for 'tsm resurrect'",
        ))
        .arg(
            word("command", "What the service runs, or its name when it is made from a process")
                .num_args(0..),
        )
        .arg(clap::Arg::new("force").long("force").short('f').num_args(0).help("Save an empty list, too"))
}

/// Which form it is, the words decide: first none, then numbers, then names of what runs.
pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let words: Vec<OsString> = std::iter::from_fn(|| words.shift_raw()).collect();
    let words: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
    match words.as_slice() {
        [] => save_list(false, cx),
        [only] if *only == "--force" || *only == "-f" => save_list(true, cx),
        [first, rest @ ..] => match find_process(first, cx)? {
            Found::Process(record) => save_process(&record, rest.first().copied(), cx),
            Found::NoSuchId => {
                cx.io.line(format_args!("❌ Process not found: {}", first.display()));
                Ok(FAILED)
            }
            Found::NoProcess => save_command(first, rest, cx),
        },
    }
}

enum Found {
    Process(Box<Record>),
    /// A number that is no id.
    NoSuchId,
    /// A word that means no process.
    NoProcess,
}

/// By id a process may be dead; by name it must live.
fn find_process(word: &OsStr, cx: &Context) -> Result<Found> {
    let Some(word) = word.to_str().filter(|word| !word.is_empty()) else { return Ok(Found::NoProcess) };
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        let records = cx.registry.records()?;
        let found = records.into_iter().find(|record| record.tsm_id().to_string() == word);
        return Ok(found.map_or(Found::NoSuchId, |record| Found::Process(Box::new(record))));
    }
    let found = cx.registry.find(word)?.filter(Record::is_alive);
    Ok(found.map_or(Found::NoProcess, |record| Found::Process(Box::new(record))))
}

fn save_command(name: &OsStr, command: &[&OsStr], cx: &mut Context) -> Result<u8> {
    if name.is_empty() || command.first().is_none_or(|first| first.is_empty()) {
        USAGE.iter().for_each(|line| cx.io.line(line));
        return Ok(FAILED);
    }
    let Some(name) = service_name(name, cx) else { return Ok(FAILED) };
    let draft = Draft {
        name,
        command: command.join(OsStr::new(" ")),
        cwd: config::current_dir().map_err(Error::system("find the current directory"))?.into(),
        env_file: config::variable("TSM_ENV_FILE").unwrap_or_default(),
        process: None,
    };
    save(&draft, cx)
}

fn save_process(record: &Record, new_name: Option<&OsStr>, cx: &mut Context) -> Result<u8> {
    let process = record.name();
    let base = process.split_once('-').map_or(process, |(base, _)| base);
    let name = new_name.filter(|name| !name.is_empty()).unwrap_or(OsStr::new(base));
    let Some(name) = service_name(name, cx) else { return Ok(FAILED) };
    match Draft::of_process(&name, record) {
        Some(draft) => save(&draft, cx),
        None => {
            cx.io.line(format_args!("❌ Failed to read metadata for {process}"));
            Ok(FAILED)
        }
    }
}

/// A name that a new service may have. `-x` would be taken for an option by those who use it.
fn service_name(name: &OsStr, cx: &mut Context) -> Option<String> {
    let text = name.to_str().filter(|name| services::is_valid_name(name) && !name.starts_with('-'));
    if text.is_none() {
        cx.io.line(format_args!("❌ Invalid service name: {}", name.display()));
    }
    text.map(str::to_owned)
}

fn save(draft: &Draft, cx: &mut Context) -> Result<u8> {
    let (name, layout) = (&draft.name, &cx.config.layout);
    if services::exists(name, layout) && !may_overwrite(name, cx) {
        return Ok(0);
    }
    let layout = &cx.config.layout;
    if draft.write(layout).is_err() {
        cx.io.line(format_args!("❌ Failed to save service: {name}"));
        return Ok(FAILED);
    }
    say_saved(draft, cx);
    cx.io.line(format_args!("Enable with: tsm enable {name}"));
    cx.io.line(format_args!("Start with: tsm start {name}"));
    Ok(0)
}

/// One key is the answer.
fn may_overwrite(name: &str, cx: &mut Context) -> bool {
    cx.io.line(format_args!("⚠️  Service '{name}' already exists."));
    let answer = cx.io.ask("Overwrite existing service? (y/N): ");
    cx.io.line("");
    let agreed = matches!(answer, Some(b'y' | b'Y'));
    if !agreed {
        cx.io.line("Cancelled. Service not saved.");
    }
    agreed
}

fn say_saved(draft: &Draft, cx: &mut Context) {
    let path = cx.config.layout.service(&draft.name);
    let path = path.display();
    let Some((process, _, port)) = &draft.process else {
        return cx.io.line(format_args!("✅ Saved service definition: {path}"));
    };
    cx.io.line(format_args!("✅ Saved running process '{process}' as service: {path}"));
    cx.io.line(format_args!("   Command: {}", draft.command.display()));
    cx.io.line(format_args!("   Working directory: {}", draft.cwd.display()));
    if !draft.env_file.is_empty() {
        cx.io.line(format_args!("   Environment file: {}", draft.env_file.display()));
    }
    if let Some(port) = port {
        cx.io.line(format_args!("   Port: {port}"));
    }
    cx.io.line("");
}

fn save_list(wants_empty: bool, cx: &mut Context) -> Result<u8> {
    let path = cx.config.layout.dump();
    match persist::save(wants_empty, &cx.registry) {
        Ok(Some(count)) => {
            let noun = if count == 1 { "process" } else { "processes" };
            cx.io.line(format_args!("✅ Saved {count} running {noun}: {}", path.display()));
            cx.io.line("Restore with: tsm resurrect");
            Ok(0)
        }
        Ok(None) => {
            cx.io.line("⚠️  No running processes, nothing saved");
            cx.io.line("Use 'tsm save --force' to save an empty list");
            Ok(0)
        }
        Err(Error::File { .. }) => {
            cx.io.line(format_args!("❌ Failed to save process list: {}", path.display()));
            Ok(FAILED)
        }
        Err(error) => Err(error),
    }
}

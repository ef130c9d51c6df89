//! `tsm __shim complete SHELL INDEX WORD...`: what can stand at one word of a command line. Says first whether files can,
//! then each candidate on a line of its own. Changes nothing, and what cannot be read is no candidate.

mod typed;

use super::{COMMANDS, Command, Context, Words, find, help};
use crate::error::Result;
use crate::registry::Record;
use crate::services;
use crate::sys::dir;
use typed::Typed;

/// What the shell does with an answer.
const FILES: &str = "files";
const WORDS: &str = "words";

/// The target that means every process.
const ALL: &str = "*";

/// The word to be completed, and those before it.
struct Line {
    before: Vec<String>,
    typed: Typed,
}

/// What can stand there.
#[derive(Default)]
struct Candidates {
    words: Vec<String>,
    files: bool,
}

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let is_bash = words.shift().is_some_and(|shell| shell == "bash");
    let index = words.shift().and_then(|word| word.parse().ok()).unwrap_or(0);
    let before = std::iter::from_fn(|| words.shift()).take(index).collect();
    let line = Line { before, typed: Typed::read(&words.shift().unwrap_or_default()) };
    let mut found = line.candidates(cx);
    found.words.retain(|word| line.typed.begins(word));
    cx.io.line(if found.files { FILES } else { WORDS });
    // A shell that completes files quotes what it inserts by itself.
    let quotes = is_bash && !found.files;
    for word in &found.words {
        cx.io.line(if quotes && word != ALL { line.typed.quoted(word) } else { word.into() });
    }
    Ok(0)
}

impl Line {
    fn candidates(&self, cx: &Context) -> Candidates {
        match self.before.get(1).map(String::as_str) {
            None => words(command_names()),
            Some(help::NAME) if self.is_second() => words(["all"].into_iter().chain(command_names())),
            Some(word) => find(word).map_or_else(Candidates::default, |(command, _)| self.of(command, cx)),
        }
    }

    fn of(&self, command: &Command, cx: &Context) -> Candidates {
        let (name, catalog) = (command.names.first().copied().unwrap_or_default(), (command.catalog)());
        if let Some(option) = self.option(&catalog) {
            let takes_env = (name, option) == ("start", "--env");
            return if takes_env {
                Candidates { words: env_files(), files: true }
            } else {
                Candidates::default()
            };
        }
        if self.typed.text.starts_with('-') {
            return words(options(&catalog));
        }
        match name {
            "start" => self.of_start(&catalog, cx),
            "stop" | "restart" | "delete" | "logs" => with_all(self.processes(cx)),
            "kill" | "info" | "env" | "paths" => words(self.processes(cx)),
            "enable" | "disable" | "show" | "rm" => words(service_names(cx)),
            "save" if self.is_second() => words(ids(cx).into_iter().chain(self.names(cx))),
            "shims" if !self.is_second() => Candidates { files: true, ..Candidates::default() },
            _ if self.is_second() => words(first_words(name, &catalog)),
            _ => Candidates::default(),
        }
    }

    /// A service, or any program.
    fn of_start(&self, catalog: &clap::Command, cx: &Context) -> Candidates {
        let services = if self.is_second() { service_names(cx) } else { Vec::new() };
        let options = if self.is_second() { options(catalog) } else { Vec::new() };
        Candidates { words: services.into_iter().chain(options).collect(), files: true }
    }

    /// Whether the word is the one behind the command.
    fn is_second(&self) -> bool {
        self.before.len() == 2
    }

    /// The option in front of the word, if the word is its value.
    fn option(&self, catalog: &clap::Command) -> Option<&str> {
        let before = self.before.last()?.strip_prefix("--")?;
        let takes_value = |arg: &clap::Arg| arg.get_long() == Some(before) && arg.get_action().takes_values();
        let takes_value =
            catalog.get_arguments().any(|arg| takes_value(arg) && arg.get_num_args() != Some(0.into()));
        takes_value.then(|| self.before.last().map(String::as_str))?
    }

    /// Live ones: names, or ids where a digit has been typed.
    fn processes(&self, cx: &Context) -> Vec<String> {
        let mut found = self.names(cx);
        if self.typed.text.starts_with(|first: char| first.is_ascii_digit()) {
            found.extend(ids(cx));
        }
        found
    }

    fn names(&self, cx: &Context) -> Vec<String> {
        let live = cx.registry.live(|name| self.typed.begins(name)).unwrap_or_default();
        live.iter().map(|record| record.name().to_owned()).collect()
    }
}

fn words(words: impl IntoIterator<Item = impl Into<String>>) -> Candidates {
    Candidates { words: words.into_iter().map(Into::into).collect(), files: false }
}

/// Alone, `*` would be inserted at once, and the shell would make file names of it.
fn with_all(mut names: Vec<String>) -> Candidates {
    if !names.is_empty() {
        names.insert(0, ALL.to_owned());
    }
    words(names)
}

fn command_names() -> Vec<&'static str> {
    COMMANDS.iter().flat_map(|command| command.names).copied().chain([help::NAME]).collect()
}

/// What can follow a command that has a few words of its own.
fn first_words(command: &str, catalog: &clap::Command) -> Vec<String> {
    let own: &[&str] = match command {
        "list" => &["running", "available", "all"],
        "completion" => &["bash", "zsh", "fish"],
        _ => &[],
    };
    let subcommands = catalog.get_subcommands().map(|command| command.get_name().to_owned());
    own.iter().map(|word| (*word).to_owned()).chain(subcommands).collect()
}

fn options(catalog: &clap::Command) -> Vec<String> {
    catalog.get_arguments().filter_map(clap::Arg::get_long).map(|name| format!("--{name}")).collect()
}

fn service_names(cx: &Context) -> Vec<String> {
    services::names(&cx.config.layout).unwrap_or_default()
}

fn ids(cx: &Context) -> Vec<String> {
    let live = cx.registry.live(|_| true).unwrap_or_default();
    live.iter().map(Record::tsm_id).map(|id| id.to_string()).collect()
}

/// What `--env NAME` finds from here.
fn env_files() -> Vec<String> {
    dir::stems("env".as_ref(), ".env").unwrap_or_default()
}

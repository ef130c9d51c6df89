//! The command surface. One file per command: it reads its words, calls an engine, prints what came of it.

mod cleanup;
mod delete;
mod disable;
mod enable;
mod env;
mod help;
mod info;
mod init;
mod io;
mod kill;
mod list;
mod logs;
mod paths;
mod patrol;
mod restart;
mod resurrect;
mod rm;
mod save;
mod service;
mod services;
mod setup;
mod show;
mod start;
mod startup;
mod stop;
mod targets;
mod words;

use std::ffi::OsString;
use std::io::ErrorKind;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::registry::{Record, Registry};
use io::Io;
use words::Words;

/// Exit code of a command whose reader went away: that of a shell's `echo` into a closed pipe.
const PIPE_CLOSED: u8 = 141;
const USAGE: u8 = 64;

/// One entry of the command table.
struct Command {
    /// Its name, then its aliases.
    names: &'static [&'static str],
    /// Name, summary, usage and flags, for help and completion. Never parses.
    catalog: fn() -> clap::Command,
    /// Does it; the exit code.
    run: fn(Words, &mut Context) -> Result<u8>,
}

/// Every command that works on an installation, in the order of the detailed help.
const COMMANDS: &[Command] = &[
    Command { names: &["setup"], catalog: setup::catalog, run: setup::run },
    Command { names: &["init"], catalog: init::catalog, run: init::run },
    Command { names: &["start"], catalog: start::catalog, run: start::run },
    Command { names: &["stop"], catalog: stop::catalog, run: stop::run },
    Command { names: &["restart"], catalog: restart::catalog, run: restart::run },
    Command { names: &["delete", "del"], catalog: delete::catalog, run: delete::run },
    Command { names: &["kill"], catalog: kill::catalog, run: kill::run },
    Command { names: &["list", "ls"], catalog: list::catalog, run: list::run },
    Command { names: &["services"], catalog: services::catalog, run: services::run },
    Command { names: &["save"], catalog: save::catalog, run: save::run },
    Command { names: &["enable"], catalog: enable::catalog, run: enable::run },
    Command { names: &["disable"], catalog: disable::catalog, run: disable::run },
    Command { names: &["rm"], catalog: rm::catalog, run: rm::run },
    Command { names: &["show"], catalog: show::catalog, run: show::run },
    Command { names: &["startup"], catalog: startup::catalog, run: startup::run },
    Command { names: &["info"], catalog: info::catalog, run: info::run },
    Command { names: &["logs"], catalog: logs::catalog, run: logs::run },
    Command { names: &["env"], catalog: env::catalog, run: env::run },
    Command { names: &["paths"], catalog: paths::catalog, run: paths::run },
    Command { names: &["patrol"], catalog: patrol::catalog, run: patrol::run },
    Command { names: &["cleanup"], catalog: cleanup::catalog, run: cleanup::run },
    Command { names: &["resurrect"], catalog: resurrect::catalog, run: resurrect::run },
];

/// What every command is given.
pub(crate) struct Context {
    /// The name that the command was called by, one of its [`Command::names`].
    pub(crate) called: &'static str,
    pub(crate) config: Config,
    pub(crate) registry: Registry,
    pub(crate) io: Io,
}

/// Runs one command and returns its exit code.
pub fn run(words: Vec<OsString>) -> u8 {
    let mut words = Words::new(words);
    let first = words.shift().unwrap_or_default();
    match first.as_str() {
        "" => help(Words::default()),
        help::NAME | "-h" | "--help" => help(words),
        "-V" | "--version" => version(),
        _ => match find(&first) {
            Some((command, called)) => run_command(command, called, words),
            None => unknown(&first),
        },
    }
}

/// The catalogue of all commands and their flags, for help, completion and man pages. It never parses.
pub fn catalogue() -> clap::Command {
    let entry = |command: &Command| {
        let aliases = command.names.iter().skip(1);
        (command.catalog)().visible_aliases(aliases.copied())
    };
    clap::Command::new("tsm")
        .about("Tetra Service Manager")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .subcommands(COMMANDS.iter().map(entry))
        .subcommand(help::catalog())
}

/// The command of that name or alias, and the word itself.
fn find(word: &str) -> Option<(&'static Command, &'static str)> {
    let called = |command: &'static Command| command.names.iter().find(|name| **name == word);
    COMMANDS.iter().find_map(|command| Some((command, *called(command)?)))
}

fn run_command(command: &Command, called: &'static str, words: Words) -> u8 {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return finish(Io::new(), Err(error)),
    };
    let registry = Registry::new(config.layout.clone());
    let mut context = Context { called, config, registry, io: Io::new() };
    let result = (command.run)(words, &mut context);
    finish(context.io, result)
}

/// Says what failed, and decides the exit code.
fn finish(mut io: Io, result: Result<u8>) -> u8 {
    let code = result.unwrap_or_else(|error| {
        io.failure(&error);
        error.code()
    });
    io.flush();
    match io.take_loss() {
        None => code,
        Some(error) if error.kind() == ErrorKind::BrokenPipe => {
            if code == 0 {
                PIPE_CLOSED
            } else {
                code
            }
        }
        Some(source) => {
            io.failure(&Error::System { action: "write to standard output", source });
            code.max(1)
        }
    }
}

fn help(words: Words) -> u8 {
    let mut io = Io::new();
    io.bytes(help::text(words).as_bytes());
    finish(io, Ok(0))
}

fn version() -> u8 {
    let mut io = Io::new();
    io.line(concat!("tsm ", env!("CARGO_PKG_VERSION")));
    finish(io, Ok(0))
}

fn unknown(word: &str) -> u8 {
    let mut io = Io::new();
    io.error(format_args!("tsm: unknown command '{word}'"));
    io.line("Use 'tsm help' for usage information");
    finish(io, Ok(USAGE))
}

/// A wrong command line, in one line of the command's own.
fn usage(text: impl Into<String>) -> Error {
    Error::Usage(text.into())
}

/// A pid as lines show it: `-` when none is recorded.
fn shown_pid(record: &Record) -> String {
    record.pid().map_or_else(|| "-".to_owned(), |pid| pid.to_string())
}

/// A port as lines show it.
fn shown_port(record: &Record) -> String {
    record.port().map_or_else(|| "none".to_owned(), |port| port.to_string())
}

/// The word that `info`, `paths`, `env` and `logs` take, for the catalogue.
fn target() -> clap::Arg {
    clap::Arg::new("process")
        .value_name("process|id")
        .required(true)
        .help("An id, a name, or a part of exactly one name")
}

//! The command surface. One file per command: it reads its words, calls an engine, prints what came of it.

mod io;
mod logs;
mod paths;
mod setup;
#[allow(dead_code, reason = "not in the table before its run() is")]
mod start;
mod words;

use std::ffi::OsString;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::registry::Registry;
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
    Command { names: &["logs"], catalog: logs::catalog, run: logs::run },
    Command { names: &["paths"], catalog: paths::catalog, run: paths::run },
];

/// What every command is given.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) registry: Registry,
    pub(crate) io: Io,
}

/// Runs one command and returns its exit code.
pub fn run(words: Vec<OsString>) -> u8 {
    let mut words = Words::new(words);
    let first = words.shift().unwrap_or_default();
    match first.as_str() {
        "" => unknown(""),
        "help" | "-h" | "--help" => unknown(""),
        "-V" | "--version" => version(),
        _ => match COMMANDS.iter().find(|command| command.names.contains(&first.as_str())) {
            Some(command) => run_command(command, words),
            None => unknown(&first),
        },
    }
}

fn run_command(command: &Command, words: Words) -> u8 {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return finish(Io::new(), Err(error)),
    };
    let registry = Registry::new(config.layout.clone());
    let mut context = Context { config, registry, io: Io::new() };
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
    if code == 0 && io.is_closed() { PIPE_CLOSED } else { code }
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

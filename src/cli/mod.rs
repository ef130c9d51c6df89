//! The command surface. One file per command: it reads its words, calls an engine, prints what came of it.

mod cleanup;
mod complete;
mod completion;
mod delete;
mod disable;
mod doctor;
mod enable;
mod env;
mod help;
mod info;
mod init;
mod io;
mod kill;
mod list;
mod logs;
mod migrate;
mod paths;
mod patrol;
mod ports;
mod progress;
mod ranges;
mod restart;
mod resurrect;
mod rm;
mod save;
mod scan_ports;
mod service;
mod services;
mod setup;
mod shim;
mod shims;
mod show;
mod start;
mod started;
mod startup;
mod stop;
mod targets;
mod words;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::time::Duration;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::registry::{Record, Registry};
use io::Io;
use words::Words;

/// Exit code of a command whose reader went away: that of a shell's `echo` into a closed pipe.
const PIPE_CLOSED: u8 = 141;
const USAGE: u8 = 64;

/// Does what a command is for; the exit code.
type Run = fn(Words, &mut Context) -> Result<u8>;

/// One entry of the command table.
struct Command {
    /// Its name, then its aliases.
    names: &'static [&'static str],
    /// Name, summary, usage and flags, for help and completion. Never parses.
    catalog: fn() -> clap::Command,
    /// Does it; the exit code.
    run: Run,
    /// What it needs of old records.
    access: Access,
}

/// How a command deals with records of older versions that are not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// It takes no notice of records.
    None,
    /// It reads them as they are, and changes nothing.
    Look,
    /// It reads: where they cannot be converted now, it reads the old ones.
    Read,
    /// It writes: where they cannot be converted now, it does nothing.
    Write,
}

/// Every command that works on an installation, in the order of the detailed help.
const COMMANDS: &[Command] = &[
    Command { names: &["setup"], catalog: setup::catalog, run: setup::run, access: Access::Read },
    Command { names: &["init"], catalog: init::catalog, run: init::run, access: Access::Read },
    Command { names: &["start"], catalog: start::catalog, run: start::run, access: Access::Write },
    Command { names: &["stop"], catalog: stop::catalog, run: stop::run, access: Access::Write },
    Command { names: &["restart"], catalog: restart::catalog, run: restart::run, access: Access::Write },
    Command { names: &["delete", "del"], catalog: delete::catalog, run: delete::run, access: Access::Write },
    Command { names: &["kill"], catalog: kill::catalog, run: kill::run, access: Access::Write },
    Command { names: &["list", "ls"], catalog: list::catalog, run: list::run, access: Access::Read },
    Command { names: &["services"], catalog: services::catalog, run: services::run, access: Access::None },
    Command { names: &["save"], catalog: save::catalog, run: save::run, access: Access::Read },
    Command { names: &["enable"], catalog: enable::catalog, run: enable::run, access: Access::None },
    Command { names: &["disable"], catalog: disable::catalog, run: disable::run, access: Access::None },
    Command { names: &["rm"], catalog: rm::catalog, run: rm::run, access: Access::None },
    Command { names: &["show"], catalog: show::catalog, run: show::run, access: Access::None },
    Command { names: &["startup"], catalog: startup::catalog, run: startup::run, access: Access::Write },
    Command { names: &["info"], catalog: info::catalog, run: info::run, access: Access::Read },
    Command { names: &["logs"], catalog: logs::catalog, run: logs::run, access: Access::Read },
    Command { names: &["env"], catalog: env::catalog, run: env::run, access: Access::Read },
    Command { names: &["paths"], catalog: paths::catalog, run: paths::run, access: Access::Read },
    Command {
        names: &["scan-ports"],
        catalog: scan_ports::catalog,
        run: scan_ports::run,
        access: Access::Read,
    },
    Command { names: &["ports"], catalog: ports::catalog, run: ports::run, access: Access::Read },
    Command { names: &["doctor"], catalog: doctor::catalog, run: doctor::run, access: Access::Read },
    Command { names: &["patrol"], catalog: patrol::catalog, run: patrol::run, access: Access::Write },
    Command { names: &["ranges"], catalog: ranges::catalog, run: ranges::run, access: Access::None },
    Command { names: &["cleanup"], catalog: cleanup::catalog, run: cleanup::run, access: Access::Write },
    Command {
        names: &["resurrect"],
        catalog: resurrect::catalog,
        run: resurrect::run,
        access: Access::Write,
    },
    Command {
        names: &["completion"],
        catalog: completion::catalog,
        run: completion::run,
        access: Access::None,
    },
    Command { names: &["shims"], catalog: shims::catalog, run: shims::run, access: Access::None },
    Command { names: &["migrate"], catalog: migrate::catalog, run: migrate::run, access: Access::None },
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
        shim::NAME => shim::run(words),
        "-V" | "--version" => version(),
        _ => match find(&first) {
            Some((command, called)) => execute(command.run, command.access, called, words),
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

/// Runs what was found to the end; the exit code.
fn execute(run: Run, access: Access, called: &'static str, words: Words) -> u8 {
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => return finish(Io::new(), Err(error)),
    };
    let registry = Registry::new(config.layout.clone());
    let mut context = Context { called, config, registry, io: Io::new() };
    let result = migrate_first(access, &mut context).and_then(|()| run(words, &mut context));
    finish(context.io, result)
}

/// Converts what older versions left, if there is anything, before the command itself looks.
fn migrate_first(access: Access, cx: &mut Context) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(5);
    let patience = match access {
        Access::None => return Ok(()),
        Access::Look => return look_at_old(cx),
        Access::Read => Duration::ZERO,
        Access::Write => PATIENCE,
    };
    let forbidden = cx.config.no_auto_migrate.then_some("TSM_NO_AUTO_MIGRATE is set");
    let done = crate::migrate::automatic(&cx.registry, forbidden, patience)?;
    done.notices.iter().for_each(|line| cx.io.error(line));
    crate::lifecycle::leave(&done.withdrawn, &cx.registry);
    if let Some(reason) = done.hindrance.filter(|_| access == Access::Write) {
        return Err(Error::NotMigrated(reason));
    }
    cx.registry = Registry::new(cx.config.layout.clone()).with_old(done.old);
    Ok(())
}

/// Shows the command what older versions left, as it is.
fn look_at_old(cx: &mut Context) -> Result<()> {
    let found = crate::migrate::automatic(&cx.registry, Some("nothing is to be changed"), Duration::ZERO)?;
    cx.registry = Registry::new(cx.config.layout.clone()).with_old(found.old);
    Ok(())
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

/// Text in a column of a table, padded by bytes as printf's `%-Ns` does.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{:1$}", "", width.saturating_sub(text.len()))
}

/// The word that `info`, `paths`, `env` and `logs` take, for the catalogue.
fn target() -> clap::Arg {
    clap::Arg::new("process")
        .value_name("process|id")
        .required(true)
        .help("An id, a name, or a part of exactly one name")
}

//! `tsm doctor`: what is wrong, or might be. All of it is said on stdout.

mod accounts;
mod clean;
mod environment;
mod health;
mod kill;
mod orphans;
mod port;
mod validate;

use clap::{Arg, Command};

use super::{Context, Words};
use crate::error::Result;
use crate::output::excerpt;

const NAME: &str = "doctor";

const TITLE: &str = "TSM Doctor - Port diagnostics and conflict resolution";

const MORE: &str = "
Without a subcommand (or with 'scan' or 'ports') ten common development ports are looked at; with '--json' everything
that is wrong is written as JSON.

Examples:
  tsm doctor port 4000            who has port 4000
  tsm doctor kill 3000 --force    end whoever has port 3000, without asking
  tsm doctor validate \"node x.js\" --port 4000 --env env/dev.env

Common Issues:
  - A port is taken: 'port' says by whom, 'kill' ends it, 'tsm ports conflicts' looks at all named ports
  - A service listens elsewhere than declared: 'reconcile'
  - An environment file is not what it should be: 'env'
  - Processes that crashed are still listed by 'tsm list --json --all': 'clean'
  - Servers that nobody manages: 'orphans'
";

pub(super) fn catalog() -> Command {
    Command::new(NAME)
        .about("Find out what is wrong: ports, processes, files")
        .override_usage("tsm doctor [SUBCOMMAND] [ARGS]\n       tsm doctor --json")
        .arg(flag("json", "Everything that is wrong, as JSON"))
        .disable_help_subcommand(true)
        .subcommands(subcommands())
}

/// In the order of the help.
fn subcommands() -> [Command; 11] {
    let plain = |name: &'static str, about: &'static str| Command::new(name).about(about);
    let port = || Arg::new("port").required(true).help("Its number");
    let option = |name: &'static str, value, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    [
        plain("port", "Say who has a port").arg(port()),
        plain("kill", "End whoever has a port").arg(port()).arg(flag("force", "Do not ask")),
        plain("orphans", "Find servers that nobody manages")
            .arg(flag("json", "As JSON"))
            .arg(flag("all", "No effect")),
        plain("clean", "Forget processes that are dead and were not stopped")
            .arg(flag("aggressive", "Name doubtful live ones, too").short('a')),
        plain("env", "Look into an environment file").arg(Arg::new("file").help("Default: env/local.env")),
        plain("validate", "Look at everything a start would meet")
            .arg(Arg::new("command").required(true).help("As a shell reads it"))
            .arg(option("port", "port", "The port it is to have"))
            .arg(option("env", "file", "Its environment file"))
            .arg(flag("json", "As JSON")),
        plain("ports-declared", "Show the ledger of declared ports"),
        plain("ports-actual", "Show who listens on which port"),
        plain("reconcile", "Compare both; the exit code is 1 if they differ"),
        plain("healthcheck", "Look at the whole installation"),
        plain("help", "Show this help"),
    ]
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).num_args(0).help(help)
}

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    match words.shift().unwrap_or_default().as_str() {
        "" | "scan" | "ports" => port::common(cx),
        "port" => port::one(words, cx),
        "kill" | "--kill" => kill::run(words, cx),
        "env" => environment::run(words, cx),
        "orphans" => orphans::run(words, cx),
        "clean" => clean::run(words, cx),
        "validate" => validate::run(words, cx),
        "reconcile" | "ports-reconcile" => accounts::reconcile(cx),
        "ports-declared" => accounts::declared(cx),
        "ports-actual" => accounts::actual(cx),
        "healthcheck" | "health" => health::run(cx),
        "--json" => health::json(cx),
        "help" | "-h" | "--help" => {
            cx.io.bytes(help().as_bytes());
            Ok(0)
        }
        word => {
            cx.io.line(format_args!("Unknown subcommand: {word}"));
            cx.io.line("Use 'tsm doctor help' for usage information");
            Ok(1)
        }
    }
}

fn help() -> String {
    let line = |command: &Command| {
        let words: String = command.get_arguments().map(word).collect();
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        format!("{:<72} {about}\n", format!("  tsm doctor {}{words}", command.get_name()))
    };
    let mut catalogue = super::catalogue();
    catalogue.build();
    let doctor = catalogue.find_subcommand(NAME).into_iter();
    let lines: String = doctor.flat_map(Command::get_subcommands).map(line).collect();
    format!("{TITLE}\n\nUsage:\n{lines}{MORE}")
}

/// An argument as the help writes it, behind a blank.
fn word(argument: &Arg) -> String {
    match (argument.is_positional(), argument.get_short()) {
        (true, _) => format!(" {argument}"),
        (false, Some(short)) => format!(" [-{short}|{argument}]"),
        (false, None) => format!(" [{argument}]"),
    }
}

/// Foreign text as one line.
fn one_line(text: &[u8]) -> String {
    excerpt::beginning(text, usize::MAX)
}

/// A port as these subcommands take it: digits. Says what is wrong with any other word.
fn port_number(word: Option<String>, usage: &str, cx: &mut Context) -> Option<String> {
    let Some(word) = word.filter(|word| !word.is_empty()) else {
        cx.io.line("Port number required");
        cx.io.line(usage);
        return None;
    };
    if !word.bytes().all(|byte| byte.is_ascii_digit()) {
        cx.io.line(format_args!("Invalid port number: {word}"));
        return None;
    }
    Some(word)
}

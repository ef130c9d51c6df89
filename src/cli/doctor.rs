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

const HELP: &str = "\
TSM Doctor - Port diagnostics and conflict resolution

Usage:
  tsm doctor <SUBCOMMAND> [ARGS]
";

const EXAMPLES: &str = "
Without a subcommand (or with 'scan' or 'ports') ten common development ports are looked at; with '--json' everything
that is wrong is written as JSON.

Examples:
  tsm doctor                              the ten ports
  tsm doctor port 4000                    who has port 4000
  tsm doctor kill 3000 --force            end whoever has port 3000, without asking
  tsm doctor validate \"node x.js\" --port 4000 --env env/dev.env

Common Issues:
  - A port is taken: 'port' says by whom, 'kill' ends it, 'tsm ports conflicts' looks at all named ports
  - A service listens elsewhere than declared: 'reconcile'
  - An environment file is not what it should be: 'env'
  - Processes that crashed are still listed by 'tsm list --json --all': 'clean'
  - Servers that nobody manages: 'orphans'
";

/// Every subcommand with its words and its meaning.
const SUBCOMMANDS: [(&str, &str, &str); 11] = [
    ("port", "<port>", "Say who has a port"),
    ("kill", "<port> [--force]", "End whoever has a port"),
    ("orphans", "[--json] [--all]", "Find servers that nobody manages"),
    ("clean", "[-a|--aggressive]", "Forget processes that are dead and were not stopped"),
    ("env", "[file]", "Look into an environment file"),
    (
        "validate",
        "<command> [--port <port>] [--env <file>] [--json]",
        "Look at everything a start would meet",
    ),
    ("ports-declared", "", "Show the ledger of declared ports"),
    ("ports-actual", "", "Show who listens on which port"),
    ("reconcile", "", "Compare both; the exit code is 1 if they differ"),
    ("healthcheck", "", "Look at the whole installation"),
    ("help", "", "Show this help"),
];

pub(super) fn catalog() -> Command {
    let subcommand = |(name, words, about): &(&'static str, &'static str, &'static str)| {
        let command = Command::new(*name).about(*about);
        if words.is_empty() {
            command
        } else {
            command.arg(Arg::new("words").value_name(*words).help(*words))
        }
    };
    Command::new("doctor")
        .about("Find out what is wrong: ports, processes, files")
        .override_usage("tsm doctor [SUBCOMMAND] [ARGS]\n       tsm doctor --json")
        .arg(Arg::new("json").long("json").num_args(0).help("Everything that is wrong, as JSON"))
        .disable_help_subcommand(true)
        .subcommands(SUBCOMMANDS.iter().map(subcommand))
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
    let line = |(name, words, about): &(&str, &str, &str)| {
        let call = format!("  tsm doctor {name} {words}");
        format!("{:<72} {about}\n", call.trim_end())
    };
    let lines: String = SUBCOMMANDS.iter().map(line).collect();
    format!("{HELP}{lines}{EXAMPLES}")
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

//! `tsm ports`: the named ports that all modules share.

mod conflicts;
mod edit;
mod files;
mod listing;
mod scan;

use clap::{Arg, Command};

use super::{Context, Words};
use crate::error::{PortError, Result};
use crate::ports::named::{self, NamedPorts, Turn};

pub(super) fn catalog() -> Command {
    let plain = |name: &'static str, about: &'static str| Command::new(name).about(about);
    let operand = |name: &'static str, help: &'static str| Arg::new(name).required(true).help(help);
    let service = || operand("service", "The name of a service");
    Command::new("ports")
        .about("Show and change the named ports")
        .override_usage("tsm ports [SUBCOMMAND] [ARGS]")
        .subcommand(plain("list", "Services and their ports (default)"))
        .subcommand(plain("detailed", "The same, and the file they are from (also: source, info)"))
        .subcommand(plain("scan", "Which of the ports are used, and by whom"))
        .subcommand(plain("overview", "Ports and services at a glance (also: status)"))
        .subcommand(plain("validate", "Look for double and wrong ports"))
        .subcommand(plain("set", "Give a service a port").arg(service()).arg(operand("port", "1 to 65535")))
        .subcommand(plain("remove", "Take a service out").arg(service()))
        .subcommand(
            plain("allocate", "Give a service a free port of a range")
                .arg(service())
                .arg(Arg::new("environment").help("The range's name (default: development)")),
        )
        .subcommand(plain("import", "Replace the file; the old one is kept").arg(operand("file", "TOML")))
        .subcommand(
            plain("export", "Write the named ports to a file")
                .arg(operand("file", "Where to"))
                .arg(Arg::new("format").help("toml (default), json or env")),
        )
        .subcommand(
            plain("conflicts", "Named ports that somebody else uses; the exit code is their number")
                .arg(Arg::new("fix").long("fix").num_args(0).help("Ask for each whether to end who has it")),
        )
        .subcommand(plain("env", "Lines for a shell to evaluate"))
        .subcommand(plain("json", "One JSON object"))
}

/// The file is made and read whatever the words are.
pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let word = words.shift().filter(|word| !word.is_empty());
    match word.as_deref().unwrap_or("list") {
        "set" => with_turn(words, cx, edit::set),
        "remove" => with_turn(words, cx, edit::remove),
        "allocate" => with_turn(words, cx, edit::allocate),
        "import" => with_turn(words, cx, files::import),
        subcommand => {
            let named = named::load(&cx.config.layout);
            warn(&named, cx);
            view(subcommand, words, &named, cx)
        }
    }
}

fn view(subcommand: &str, words: Words, named: &NamedPorts, cx: &mut Context) -> Result<u8> {
    match subcommand {
        "list" => listing::list(named, cx),
        "detailed" | "source" | "info" => listing::detailed(named, cx),
        "env" => cx.io.bytes(named.to_env().as_bytes()),
        "json" => cx.io.bytes(named.to_json().as_bytes()),
        "scan" => scan::scan(named, cx)?,
        "overview" | "status" => scan::overview(named, cx)?,
        "export" => files::export(words, named, cx)?,
        "validate" => return Ok(listing::validate(named, cx)),
        "conflicts" => return conflicts::run(words, named, cx),
        unknown => return Err(PortError::UnknownSubcommand(unknown.to_owned()).into()),
    }
    Ok(0)
}

/// For what changes the file: nobody else does meanwhile.
fn with_turn(
    words: Words,
    cx: &mut Context,
    run: fn(Words, &Turn<'_>, &mut Context) -> Result<()>,
) -> Result<u8> {
    let layout = cx.config.layout.clone();
    let turn = Turn::take(&layout);
    warn(turn.named(), cx);
    run(words, &turn, cx)?;
    Ok(0)
}

/// What was wrong with the file.
fn warn(named: &NamedPorts, cx: &mut Context) {
    if !named.is_read() {
        let path = cx.config.layout.named_ports();
        cx.io.error(format_args!("Warning: Failed to load port configuration from {}", path.display()));
    }
    for line in named.bad_lines() {
        cx.io.error(format_args!("Warning: Invalid TOML syntax at line {}: {}", line.number, line.text));
    }
}

//! Ports: named ones, whose they are, and the one that a command or a script means.

use std::fs;
use std::path::Path;

use super::super::ports;
use super::{Context, Words, answer, given};
use crate::error::Result;
use crate::launch;
use crate::ports::holders;
use crate::ports::named::{self, number};
use crate::ports::ranges::{DEPLOYMENTS, SERVICES};

/// The port of a service that has none.
const DEFAULT: &str = "3000";

/// `PORT`: the first process that has it.
pub(super) fn pid(mut words: Words, cx: &mut Context) -> Result<u8> {
    let port = words.shift().and_then(|word| number(&word));
    answer(port.and_then(|port| holders::pids_of(port).first().copied()), cx)
}

/// `SERVICE`
pub(super) fn named(mut words: Words, cx: &mut Context) -> Result<u8> {
    let port = named_port(&words.shift().unwrap_or_default(), cx);
    answer(port, cx)
}

/// `PORT`: the service that it is named for.
pub(super) fn owner(mut words: Words, cx: &mut Context) -> Result<u8> {
    let port = words.shift().and_then(|word| number(&word));
    let named = named::look(&cx.config.layout);
    answer(port.and_then(|port| named.owner_of(port)), cx)
}

/// `SERVICE [EXPLICIT] [ENVIRONMENT]`: the first that says anything, else the named port, else 3000.
pub(super) fn resolve(mut words: Words, cx: &mut Context) -> Result<u8> {
    let service = words.shift().unwrap_or_default();
    let said = given(&mut words).or_else(|| given(&mut words));
    let port = said.or_else(|| named_port(&service, cx)).unwrap_or_else(|| DEFAULT.to_owned());
    answer(Some(port), cx)
}

/// `[table|detailed|env|json]`, as `tsm ports` prints them.
pub(super) fn list(mut words: Words, cx: &mut Context) -> Result<u8> {
    let format = given(&mut words).unwrap_or_else(|| "table".to_owned());
    let subcommand = match format.as_str() {
        "table" => "list",
        "detailed" | "env" | "json" => format.as_str(),
        _ => {
            cx.io.error(format_args!("Unknown format: {format}"));
            cx.io.error("Supported formats: table, detailed, env, json");
            return Ok(super::NO);
        }
    };
    ports::run(Words::new([subcommand.into()]), cx)
}

/// `SERVICE [DEPLOYMENT]`: by the table that is built in; an empty line for none.
pub(super) fn of_deployment(mut words: Words, cx: &mut Context) -> Result<u8> {
    let service = words.shift().unwrap_or_default();
    let deployment = given(&mut words).unwrap_or_else(|| "dev".to_owned());
    let ports = SERVICES.iter().find(|(name, _)| *name == service).map(|(_, ports)| ports);
    let column = DEPLOYMENTS.iter().position(|name| *name == deployment);
    let port = ports.zip(column).and_then(|(ports, column)| *ports.get(column)?);
    answer(Some(port.map(|port| port.to_string()).unwrap_or_default()), cx)
}

/// `COMMAND [ENV_FILE] [PORT]`: the port itself, else the file's, else the command's, as they are written.
pub(super) fn discover(mut words: Words, cx: &mut Context) -> Result<u8> {
    let command = words.shift().unwrap_or_default();
    let (file, explicit) = (given(&mut words), given(&mut words));
    let declared = || launch::declared_digits(Path::new(file.as_deref()?));
    let found = explicit.or_else(declared).or_else(|| launch::digits_in(&command).map(str::to_owned));
    let code = super::verdict(found.is_some());
    cx.io.line(found.unwrap_or_default());
    Ok(code)
}

/// `SCRIPT PORT TETRA_PORT`: the first variable of the caller's that says anything, else the assignment in the script.
pub(super) fn extract(mut words: Words, cx: &mut Context) -> Result<u8> {
    let script = words.shift_raw().unwrap_or_default();
    let said = given(&mut words).or_else(|| given(&mut words));
    let assigned = || {
        let text = fs::read(Path::new(&script)).ok()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        ["PORT", "TETRA_PORT"].iter().find_map(|variable| assignment(variable, &text))
    };
    let port = said.or_else(assigned);
    answer(port, cx)
}

fn named_port(service: &str, cx: &Context) -> Option<String> {
    let named = named::look(&cx.config.layout);
    named.services().find(|(name, _)| *name == service).map(|(_, port)| port.to_owned())
}

/// The value that the first assignment gives a variable, if it is a port that needs no privilege.
fn assignment(variable: &str, script: &str) -> Option<String> {
    const UNPRIVILEGED: u16 = 1024;
    let value = |line: &str| {
        let line = line.strip_prefix("export").map_or(line, |rest| {
            let bare = rest.trim_start();
            if bare.len() < rest.len() { bare } else { line }
        });
        let value = line.strip_prefix(variable)?.strip_prefix('=')?;
        Some(value.split('#').next().unwrap_or_default().replace(['"', '\'', ' ', '\t', '\r'], ""))
    };
    let value = script.lines().find_map(value)?;
    Some(value).filter(|value| number(value).is_some_and(|port| port >= UNPRIVILEGED))
}

#[cfg(test)]
mod tests {
    use super::assignment;

    #[test]
    fn only_the_first_assignment_counts() {
        for (script, port) in [
            ("PORT=8000\nPORT=8001\n", Some("8000")),
            ("export PORT=\"8000\" # here\n", Some("8000")),
            ("export\t PORT='80 00'", Some("8000")),
            ("PORT=80\nPORT=8000", None),
            ("PORT=65536", None),
            ("exportPORT=8000\n PORT=8001\nXPORT=8002\nPORTS=8003", None),
            ("PORT=$X\n", None),
            ("", None),
        ] {
            assert_eq!(assignment("PORT", script).as_deref(), port, "{script:?}");
        }
    }
}

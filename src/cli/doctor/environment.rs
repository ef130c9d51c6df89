//! `env [FILE]`: what is in an environment file, and whether bash takes it.

use std::path::Path;

use super::super::{Context, Words};
use super::port;
use crate::config;
use crate::doctor::Owners;
use crate::doctor::environment::{self, Declared, VARIABLES};
use crate::error::{Error, Result};
use crate::ports::named::number;

const DEFAULT: &str = "env/local.env";

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let file = words.shift().filter(|word| !word.is_empty()).unwrap_or_else(|| DEFAULT.to_owned());
    let current = config::current_dir().map_err(Error::system("find the current directory"))?;
    cx.io.line(format_args!("[DOCTOR] Diagnosing environment file loading: {file}\n"));
    if !Path::new(&file).is_file() {
        cx.io.line(format_args!("Environment file not found: {file}"));
        cx.io.line(format_args!("  Checked from: {}\n  Try: tetra env init local", current.display()));
        return Ok(1);
    }
    cx.io.line(format_args!("Environment file exists: {file}"));
    let Some(declared) = Declared::read(Path::new(&file)) else {
        cx.io.line(format_args!("Environment file is not readable\n  Try: chmod 644 {file}"));
        return Ok(1);
    };
    cx.io.line("Environment file is readable");
    show_port(&declared, &file, cx)?;
    for variable in VARIABLES.into_iter().skip(1) {
        match declared.value(variable) {
            Some(_) => cx.io.line(format_args!("{variable} variable found")),
            None => cx.io.line(format_args!("{variable} variable not found in {file}")),
        }
    }
    cx.io.say("[DOCTOR] Testing environment file sourcing...");
    show_sourced(&current.join(&file), &file, cx)?;
    Ok(0)
}

fn show_port(declared: &Declared, file: &str, cx: &mut Context) -> Result<()> {
    let Some(value) = declared.value("PORT") else {
        cx.io.line(format_args!("No PORT variable found in {file}"));
        cx.io.line("  TSM may default to port 3000\n  Add: export PORT=4000");
        return Ok(());
    };
    cx.io.line(format_args!("PORT variable found: {value}"));
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return Ok(());
    }
    let owners = Owners::read(&cx.registry)?;
    if number(&digits).and_then(|port| owners.use_of(port)).is_none() {
        cx.io.line(format_args!("Target port {digits} is available"));
        return Ok(());
    }
    let consequence = "this may cause TSM to use fallback port";
    cx.io.line(format_args!("Target port {digits} is in use - {consequence}"));
    port::report(&digits, cx).map(drop)
}

fn show_sourced(path: &Path, file: &str, cx: &mut Context) -> Result<()> {
    let Some(variables) = environment::source(path)? else {
        cx.io.line(format_args!("Environment file has syntax errors\n  Try: bash -n {file}"));
        return Ok(());
    };
    cx.io.line("Environment file sources without errors\n  Extracted variables:");
    for (name, value) in variables {
        cx.io.line(format_args!("    {name}={value}"));
    }
    Ok(())
}

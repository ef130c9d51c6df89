//! `list`, `detailed`, `validate`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use super::super::{Context, padded};
use crate::output::mode;
use crate::ports::named::{NamedPorts, digits, number, plain};
use crate::sys::clock;

pub(super) fn list(named: &NamedPorts, cx: &mut Context) {
    let heading = [("SERVICE", "PORT"), ("-------", "----")];
    for (name, port) in heading.into_iter().chain(named.services()) {
        cx.io.line(format_args!("{} {port}", padded(name, 12)));
    }
}

pub(super) fn detailed(named: &NamedPorts, cx: &mut Context) {
    let path = cx.config.layout.named_ports();
    let meta = fs::metadata(&path).ok();
    let changed = meta.as_ref().and_then(|meta| clock::local_time(meta.mtime()));
    for cells in [["SERVICE", "PORT", "DATA SOURCE"], ["-------", "----", "-----------"]] {
        cx.io.line(row(cells));
    }
    let shown = path.display();
    cx.io.line(format_args!("# Port data stored in: {shown}"));
    cx.io.line(format_args!("# Last updated: {}\n", changed.as_deref().unwrap_or("unknown")));
    for (name, port) in named.services() {
        cx.io.line(row([name, port, "ports.toml"]));
    }
    cx.io.line(format_args!("\n# Configuration file location: {shown}"));
    match fs::symlink_metadata(&path) {
        Ok(meta) => {
            cx.io.line("# File exists: ✅");
            cx.io.line(format_args!("# File permissions: {}", mode::text(meta.mode())));
        }
        Err(_) => cx.io.line("# File exists: ❌ (will be created on first port assignment)"),
    }
}

fn row([name, port, source]: [&str; 3]) -> String {
    format!("{} {} {source}", padded(name, 15), padded(port, 8))
}

/// Everything about one service before the next; the exit code.
pub(super) fn validate(named: &NamedPorts, cx: &mut Context) -> u8 {
    let mut earlier: Vec<String> = Vec::new();
    for (name, port) in named.services() {
        let value = plain(port);
        for _ in earlier.iter().filter(|other| **other == value) {
            cx.io.error(format_args!("ERROR: Port {port} assigned to multiple services"));
        }
        if number(port).is_none() {
            cx.io.error(format_args!("ERROR: Invalid port number for {name}: {port}"));
        }
        if is_privileged(port) {
            cx.io.error(format_args!("WARNING: {name} uses privileged port {port} (requires sudo)"));
        }
        earlier.push(value);
    }
    let is_valid = named.is_valid();
    match is_valid {
        true => cx.io.line("✅ Port registry validation passed"),
        false => cx.io.line("❌ Port registry validation failed"),
    }
    u8::from(!is_valid)
}

fn is_privileged(port: &str) -> bool {
    digits(port).is_some_and(|digits| digits.parse().is_ok_and(|number: u64| number < 1024))
}

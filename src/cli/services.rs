//! `tsm services [-d|--detail]`: the definitions there are. None of them is run.

use super::{Context, Words};
use crate::error::Result;
use crate::services::{self, Definition, Field};

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("services")
        .about("List the saved service definitions")
        .override_usage("tsm services [-d|--detail]")
        .arg(clap::Arg::new("detail").long("detail").short('d').num_args(0).help("Several lines for each"))
}

/// Only the first word counts, and only if it asks for more.
pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let is_detailed = matches!(words.shift().as_deref(), Some("-d" | "--detail"));
    show(is_detailed, cx)?;
    Ok(0)
}

/// The whole listing.
pub(super) fn show(is_detailed: bool, cx: &mut Context) -> Result<()> {
    cx.io.line("📋 Saved Service Definitions:");
    show_each(is_detailed, cx)?;
    cx.io.line("");
    cx.io.line("Legend: ✅ enabled for autostart, ⚪ disabled");
    cx.io.line("Usage: tsm list-services [-d|--detail]");
    Ok(())
}

fn show_each(is_detailed: bool, cx: &mut Context) -> Result<()> {
    let dir = cx.config.layout.services_available();
    if !dir.is_dir() {
        cx.io.line(format_args!("  Services directory not found: {}", dir.display()));
        return Ok(());
    }
    let names = services::names(&cx.config.layout)?;
    if names.is_empty() {
        cx.io.line("  No saved services found");
    }
    for name in names {
        let service = Definition::read(&name, &cx.config.layout);
        if is_detailed { show_detail(&service, cx) } else { show_line(&service, cx) }
    }
    Ok(())
}

fn show_line(service: &Definition, cx: &mut Context) {
    let (command, port) = (service.value(Field::Command), service.value(Field::Port));
    let port = if port.is_empty() { String::new() } else { format!(" :{port}") };
    let (name, mark) = (service.name(), mark(service, cx));
    cx.io.line(format_args!("  📄 {name} {mark} ({command}{port})"));
}

fn show_detail(service: &Definition, cx: &mut Context) {
    cx.io.line(format_args!("  📄 {} {}", service.name(), mark(service, cx)));
    cx.io.line(format_args!("      Command: {}", service.value(Field::Command)));
    let more = [("Port", Field::Port), ("Env", Field::EnvFile), ("Description", Field::Description)];
    for (label, field) in more.into_iter().filter(|(_, field)| !service.value(*field).is_empty()) {
        cx.io.line(format_args!("      {label}: {}", service.value(field)));
    }
    cx.io.line("");
}

fn mark(service: &Definition, cx: &Context) -> &'static str {
    if services::is_enabled(service.name(), &cx.config.layout) { "✅" } else { "⚪" }
}

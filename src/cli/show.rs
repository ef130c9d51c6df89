//! `tsm show SERVICE`: what a definition says, without running it.

use super::service::{self, FAILED};
use super::{Context, Words};
use crate::error::Result;
use crate::services::{self, Definition, Field};

pub(super) fn catalog() -> clap::Command {
    service::catalog("show", "Show what a service definition says")
}

/// Ignores the words after the first.
pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let Some(name) = service::named("show", words, cx) else { return Ok(FAILED) };
    let file = cx.config.layout.service(&name);
    if !services::exists(&name, &cx.config.layout) {
        cx.io.line(format_args!("❌ Service not found: {}", file.display()));
        return Ok(FAILED);
    }
    cx.io.line(format_args!("🔍 Service: {name}"));
    cx.io.line(format_args!("📄 File: {}\n", file.display()));
    show(&Definition::read(&name, &cx.config.layout), cx);
    Ok(0)
}

fn show(service: &Definition, cx: &mut Context) {
    let io = &mut cx.io;
    let value = |field| service.value(field);
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    let env_file = [Field::Env, Field::EnvFile].map(value).into_iter().find(|file| !file.is_empty());
    io.line("Configuration:");
    io.line(format_args!("  Name: {}", value(Field::Name)));
    io.line(format_args!("  Command: {}", value(Field::Command)));
    io.line(format_args!("  Directory: {}", value(Field::Cwd)));
    io.line(format_args!("  Environment: {}", env_file.unwrap_or("none")));
    io.line(format_args!("  Port: {}", or_none(value(Field::Port))));
    io.line(format_args!("  Description: {}", or_none(value(Field::Description))));
    if !value(Field::Args).is_empty() {
        io.line(format_args!("  Arguments: {}", service.elements(Field::Args).join(" ")));
    }
    let is_enabled = services::is_enabled(service.name(), &cx.config.layout);
    io.line(if is_enabled { "  Status: enabled ✅" } else { "  Status: disabled" });
}

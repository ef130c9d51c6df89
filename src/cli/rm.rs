//! `tsm rm SERVICE`: delete a definition. What runs goes on running.

use super::service::{self, FAILED};
use super::{Context, Words, disable};
use crate::error::Result;
use crate::services;

pub(super) fn catalog() -> clap::Command {
    service::catalog("rm", "Delete a service definition; what runs goes on running")
}

/// Ignores the words after the first.
pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let Some(name) = service::named("rm", words, cx) else { return Ok(FAILED) };
    if !services::exists(&name, &cx.config.layout) {
        return service::say_missing(name, cx);
    }
    if services::is_enabled(&name, &cx.config.layout) {
        cx.io.line("🔄 Disabling service first...");
        disable::disable(&name, cx)?;
    }
    let file = cx.config.layout.service(&name);
    if std::fs::remove_file(&file).is_err() {
        cx.io.line(format_args!("❌ Failed to remove service: {name}"));
        return Ok(FAILED);
    }
    cx.io.line(format_args!("✅ Removed service: {name}"));
    cx.io.line(format_args!("Service definition deleted from {}", file.display()));
    Ok(0)
}

//! `tsm enable SERVICE`: `tsm startup` will start it.

use super::service::{self, FAILED};
use super::{Context, Words};
use crate::error::Result;
use crate::services;

pub(super) fn catalog() -> clap::Command {
    service::catalog("enable", "Let 'tsm startup' start a service")
}

/// Ignores the words after the first.
pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let Some(name) = service::named("enable", words, cx) else { return Ok(FAILED) };
    if !services::exists(&name, &cx.config.layout) {
        let file = cx.config.layout.service(&name);
        return service::say_missing(file.display(), cx);
    }
    match services::enable(&name, &cx.config.layout) {
        Ok(true) => {
            cx.io.line(format_args!("✅ Enabled service: {name}"));
            cx.io.line("Service will start automatically with tetra daemon");
            Ok(0)
        }
        Ok(false) => {
            cx.io.line(format_args!("⚠️  Service already enabled: {name}"));
            Ok(0)
        }
        Err(_) => {
            cx.io.line(format_args!("❌ Failed to enable service: {name}"));
            Ok(FAILED)
        }
    }
}

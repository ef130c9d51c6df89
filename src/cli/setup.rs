//! `tsm setup`: makes the directories of an installation. Doing it twice changes nothing.

use std::fs;
use std::path::Path;

use super::{Context, Words};
use crate::error::{Error, Result};
use crate::ports::named;
use crate::sys::atomic;

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("setup").about("Make the directories of this installation")
}

/// Ignores its words.
pub(super) fn run(_words: Words, cx: &mut Context) -> Result<u8> {
    let layout = &cx.config.layout;
    for dir in [
        layout.logs(),
        layout.pids(),
        layout.processes(),
        layout.services_available(),
        layout.services_enabled(),
    ] {
        fs::create_dir_all(&dir).map_err(Error::file("create", &dir))?;
    }
    create(&layout.next_id(), b"0\n")?;
    named::create(layout)?;
    cx.io.line("tsm: setup complete");
    Ok(0)
}

fn create(path: &Path, bytes: &[u8]) -> Result<()> {
    atomic::create(path, bytes, 0o644).map_err(Error::file("create", path))
}

//! `tsm shims install|remove|status`: the files that old callers source, in the place of the bash tool's own.

use std::path::PathBuf;

use clap::{Arg, Command};

use super::{Context, Words, usage};
use crate::config;
use crate::error::{Result, ShimError};
use crate::shims::{self, Drift, Place, Status};

const USAGE: &str = "Usage: tsm shims install DIR [--dry-run] | remove DIR [--force] | status [DIR]";

pub(super) fn catalog() -> Command {
    let dir = || Arg::new("dir").value_name("DIR").help("A directory bash/tsm of the bash tool");
    let flag = |name, help| Arg::new(name).long(name).num_args(0).help(help);
    Command::new("shims")
        .about("Let callers that source the bash tool use tsm")
        .override_usage("tsm shims install DIR [--dry-run] | remove DIR [--force] | status [DIR]")
        .subcommand(
            Command::new("install")
                .about("Put the shims in place; the old files are kept beside it")
                .arg(dir().required(true))
                .arg(flag("dry-run", "Say what would be done, and change nothing")),
        )
        .subcommand(
            Command::new("remove")
                .about("Put the old files back, byte for byte")
                .arg(dir().required(true))
                .arg(flag("force", "Also when shims have been edited; those are set aside")),
        )
        .subcommand(
            Command::new("status").about("Whether they are in place, and what has changed").arg(dir()),
        )
}

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    match words.shift().as_deref() {
        Some("install") => install(words, cx),
        Some("remove") => remove(words, cx),
        Some("status") => status(words, cx),
        _ => Err(usage(USAGE)),
    }
}

fn install(words: Words, cx: &mut Context) -> Result<u8> {
    let (dir, is_trial) = parse(words, "--dry-run")?;
    let place = Place::of(&dir.ok_or_else(|| usage(USAGE))?)?;
    let done = shims::install(&place, &executable()?, is_trial)?;
    let (dir, backup) = (place.dir().display(), done.backup.display());
    if is_trial {
        done.moved
            .iter()
            .for_each(|path| cx.io.line(format_args!("would move {} to {backup}", path.display())));
        done.written.iter().for_each(|path| cx.io.line(format_args!("would write {}", path.display())));
        return Ok(0);
    }
    let verb = if done.is_upgrade { "upgraded" } else { "installed" };
    let (moved, written) = (done.moved.len(), done.written.len());
    cx.io.line(format_args!("tsm: {verb} {written} shims in {dir}; {moved} file(s) moved to {backup}"));
    Ok(0)
}

fn remove(words: Words, cx: &mut Context) -> Result<u8> {
    let (dir, force) = parse(words, "--force")?;
    let place = Place::of(&dir.ok_or_else(|| usage(USAGE))?)?;
    let done = shims::remove(&place, force)?;
    let restored = done.restored;
    cx.io
        .line(format_args!("tsm: shims removed from {}; {restored} file(s) are back", place.dir().display()));
    if let Some(aside) = done.aside {
        cx.io.line(format_args!("Edited shims are in {}", aside.display()));
    }
    Ok(0)
}

/// The exit code is 0 if all is as it was installed, by this version.
fn status(words: Words, cx: &mut Context) -> Result<u8> {
    let (dir, _) = parse(words, "")?;
    let source = || config::variable("TETRA_SRC").map(|source| PathBuf::from(source).join("bash/tsm"));
    let place = Place::of(&dir.or_else(source).ok_or_else(|| usage(USAGE))?)?;
    let dir = place.dir().display();
    let (backup, drift) = match shims::status(&place, &executable()?)? {
        Status::NotInstalled => {
            cx.io.line(format_args!("No shims in {dir}"));
            return Ok(1);
        }
        Status::Unfinished => {
            cx.io.line(format_args!("Unfinished in {dir}: run 'tsm shims install {dir}' again"));
            return Ok(1);
        }
        Status::Installed { backup, drift } => (backup, drift),
    };
    cx.io.line(format_args!("Shims in {dir}"));
    cx.io.line(format_args!("The files before: {}", backup.display()));
    drift.iter().for_each(|drift| cx.io.line(describe(drift)));
    Ok(u8::from(!drift.is_empty()))
}

fn describe(drift: &Drift) -> String {
    match drift {
        Drift::Changed(path) => format!("changed: {}", path.display()),
        Drift::Missing(path) => format!("missing: {}", path.display()),
        Drift::Foreign(path) => format!("not a shim: {}", path.display()),
        Drift::Outdated(path) => format!("of another version: {}", path.display()),
    }
}

/// The directory, if one is named, and whether the flag is there.
fn parse(mut words: Words, flag: &str) -> Result<(Option<PathBuf>, bool)> {
    let (mut dir, mut is_set) = (None, false);
    while let Some(word) = words.shift_raw() {
        match word.to_str() {
            Some(word) if word == flag => is_set = true,
            Some(option) if option.starts_with('-') => {
                return Err(usage(format!("tsm: unknown option '{option}'")));
            }
            _ if dir.is_none() && !word.is_empty() => dir = Some(PathBuf::from(word)),
            _ => return Err(usage(USAGE)),
        }
    }
    Ok((dir, is_set))
}

fn executable() -> Result<PathBuf> {
    let executable = std::env::current_exe().ok().filter(|path| path.is_file());
    executable.ok_or_else(|| ShimError::NoExecutable.into())
}

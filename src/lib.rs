//! tsm starts, watches, lists and stops processes, without a daemon.
//!
//! Each managed process has a supervisor of its own: this executable again, in a small loop ([`supervisor`]). What is
//! known of a process is one JSON file ([`registry`]); a lock makes its writers take turns. Everything else is a
//! command that reads those files, asks the kernel, and now and then sends a signal ([`cli`]).
//!
//! The modules use each other downwards only: `cli` → `services`, `doctor` → `lifecycle` → `launch` → `supervisor` →
//! `ports`, `logs`, `history` → `registry` → `config`, `layout`, `error` → `sys`. `envfile`, `shims` and `output` are used by `cli`
//! alone.
//! `docs/architecture.md` is the map.

pub mod cli;
pub mod config;
pub mod doctor;
pub mod envfile;
pub mod error;
pub mod history;
pub mod launch;
pub mod layout;
pub mod lifecycle;
pub mod logs;
pub mod migrate;
pub mod output;
pub mod persist;
pub mod ports;
pub mod registry;
pub mod services;
pub mod shims;
pub mod supervisor;
pub mod sys;
#[cfg(test)]
mod testing;

use std::ffi::OsString;

/// Runs one command: its words without the program's name. Returns the exit code.
pub fn run(words: Vec<OsString>) -> u8 {
    match words.split_first() {
        // Before anything of the command line: what is loaded now stays for the life of the process it watches.
        Some((first, rest)) if first == supervisor::SUPERVISE => supervisor::run(rest),
        _ => cli::run(words),
    }
}

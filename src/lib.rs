//! tsm starts, watches, lists and stops processes, without a daemon.
//!
//! Each managed process has a supervisor of its own: this executable again, in a small loop ([`supervisor`]). What is
//! known of a process is one JSON file ([`registry`]); a lock makes its writers take turns. Everything else is a
//! command that reads those files, asks the kernel, and now and then sends a signal ([`cli`]).
//!
//! The modules use each other downwards only: `cli` → `lifecycle` → `launch` → `supervisor` → `ports`, `logs`, `history`
//! → `registry` → `config`, `layout`, `error` → `sys`. `output` is used by `cli` alone. `docs/architecture.md` is the map.

pub mod cli;
pub mod config;
pub mod error;
pub mod history;
pub mod launch;
pub mod layout;
pub mod logs;
pub mod ports;
pub mod registry;
pub mod sys;

use std::ffi::OsString;

/// Runs one command: its words without the program's name. Returns the exit code.
pub fn run(words: Vec<OsString>) -> u8 {
    cli::run(words)
}

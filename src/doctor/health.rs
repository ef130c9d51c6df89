//! The state of an installation, section by section.

use std::path::PathBuf;

use super::finding::Finding;
use super::findings;
use super::{clean, orphans};
use crate::config::{self, Config};
use crate::error::Result;
use crate::registry::Registry;

/// The programs that callers of the bash tool used beside it.
const PROGRAMS: [&str; 4] = ["lsof", "jq", "ps", "kill"];

/// What there is to say.
#[derive(Clone, Debug)]
pub struct Health {
    /// `TETRA_SRC` and `TETRA_DIR`, as the caller has set them.
    pub tetra: [Option<String>; 2],
    /// The directories, by the names that the bash tool exported, and whether they are there.
    pub directories: Vec<(&'static str, PathBuf, bool)>,
    /// Programs, and whether they are on PATH.
    pub programs: Vec<(&'static str, bool)>,
    /// How many processes have tracking files.
    pub tracked: usize,
    /// How many of these files `clean` would clean.
    pub stale: usize,
    /// How many servers nobody manages.
    pub orphans: usize,
    /// What else is wrong.
    pub findings: Vec<Finding>,
}

/// Looks at everything.
pub fn examine(config: &Config, registry: &Registry) -> Result<Health> {
    let set = |name: &str| config::value_of(name).filter(|value| !value.is_empty());
    let layout = &config.layout;
    let directories = [
        ("TSM_PROCESSES_DIR", layout.processes()),
        ("TSM_LOGS_DIR", layout.logs()),
        ("TSM_PIDS_DIR", layout.pids()),
        ("TSM_PORTS_DIR", layout.ports()),
    ];
    let with_presence = |(name, path): (&'static str, PathBuf)| {
        let is_there = path.is_dir();
        (name, path, is_there)
    };
    Ok(Health {
        tetra: ["TETRA_SRC", "TETRA_DIR"].map(set),
        directories: directories.into_iter().map(with_presence).collect(),
        programs: PROGRAMS.iter().map(|name| (*name, config.find_program(name).is_some())).collect(),
        tracked: registry.scan()?.found.len(),
        stale: clean::stale(registry)?.len(),
        orphans: orphans::find(registry)?.len(),
        findings: findings::find(registry)?,
    })
}

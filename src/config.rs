//! What the environment says, read once.
#![expect(clippy::disallowed_methods, reason = "the one reader of the environment")]

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::sys;

/// Variables that every managed process gets from tsm, and none passes on to a supervisor that it starts.
pub const PROCESS_DIR_VARIABLE: &str = "TSM_PROCESS_DIR";

/// The caller's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the installation lies.
    pub layout: Layout,
    /// Where programs are looked for.
    pub path: OsString,
    /// `PYENV_ROOT`, when it is a directory.
    pub pyenv_root: Option<PathBuf>,
    /// How long a new process must live before it counts as started.
    pub stabilize: Duration,
    /// When tables are coloured.
    pub colour: Colour,
    /// `TETRA_SRC`: the source tree of the bash tool, where there is one.
    pub tetra_src: Option<PathBuf>,
    /// `TSM_NO_AUTO_MIGRATE`: old records stay as they are until `tsm migrate`.
    pub no_auto_migrate: bool,
}

/// `TSM_COLOR`, `NO_COLOR` and `TERM` together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Whatever stdout is.
    Always,
    /// If stdout is a terminal.
    OnTerminal,
    /// Not at all.
    Never,
}

impl Config {
    /// Reads the environment of this process.
    pub fn from_env() -> Result<Self> {
        Ok(Self::of_layout(Layout::new(&tetra_dir()?)?))
    }

    /// Reads the environment of a process that has been told where the installation lies.
    pub fn of_layout(layout: Layout) -> Self {
        Self {
            layout,
            path: env::var_os("PATH").unwrap_or_default(),
            pyenv_root: variable("PYENV_ROOT").map(PathBuf::from).filter(|root| root.is_dir()),
            stabilize: stabilize(env::var("TSM_STABILIZE_MS").ok().as_deref()),
            colour: colour(),
            tetra_src: variable("TETRA_SRC").map(PathBuf::from),
            no_auto_migrate: variable("TSM_NO_AUTO_MIGRATE").is_some(),
        }
    }

    /// The nvm of this installation.
    pub fn nvm_dir(&self) -> Option<PathBuf> {
        Some(self.layout.tetra().join("nvm")).filter(|dir| dir.is_dir())
    }

    /// The first executable of that name on PATH, absolute where PATH is.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        env::split_paths(&self.path).map(|dir| dir.join(name)).find(|file| sys::dir::is_executable(file))
    }
}

/// The directory the caller is in, by the name it came by (`PWD`) where that is true.
pub fn current_dir() -> std::io::Result<PathBuf> {
    let physical = env::current_dir()?;
    let logical = variable("PWD").map(PathBuf::from).filter(|path| path.is_absolute());
    Ok(logical.filter(|path| sys::dir::same_file(path, &physical)).unwrap_or(physical))
}

/// The whole environment, as `KEY=VALUE` entries, without what `compat/tsm.sh` counts in it.
pub fn environment() -> Vec<Vec<u8>> {
    const SHIM_DEPTH: &str = "_tsm_depth";
    env::vars_os()
        .filter(|(key, _)| key != SHIM_DEPTH)
        .map(|(key, value)| [key.as_encoded_bytes(), b"=", value.as_encoded_bytes()].concat())
        .collect()
}

/// One variable of the caller's, as text; `None` when it is not set.
pub fn value_of(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// How wide the caller says his terminal is, or it says itself; 80 where nobody does, or nobody would believe it.
pub fn columns() -> u16 {
    const DEFAULT: u16 = 80;
    const LEAST: u16 = 40;
    let said = match variable("COLUMNS") {
        Some(text) => text.to_str().and_then(|text| text.parse().ok()),
        None => sys::terminal::width(),
    };
    said.filter(|columns| *columns >= LEAST).unwrap_or(DEFAULT)
}

fn tetra_dir() -> Result<PathBuf> {
    if let Some(dir) = variable("TETRA_DIR") {
        return Ok(dir.into());
    }
    let home = variable("HOME").ok_or(Error::NoTetraDir)?;
    Ok(PathBuf::from(home).join("tetra"))
}

/// One variable of the caller's, unless it is not set or empty.
pub fn variable(name: impl AsRef<OsStr>) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn stabilize(text: Option<&str>) -> Duration {
    const DEFAULT: u64 = 500;
    Duration::from_millis(text.and_then(|text| text.parse().ok()).unwrap_or(DEFAULT))
}

fn colour() -> Colour {
    let choice = env::var("TSM_COLOR").unwrap_or_default();
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    match choice.as_str() {
        "always" => Colour::Always,
        "never" => Colour::Never,
        _ if dumb || variable("NO_COLOR").is_some() => Colour::Never,
        _ => Colour::OnTerminal,
    }
}

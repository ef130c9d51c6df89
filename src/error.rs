//! What can go wrong, in the words a user reads, and the exit code of each.

mod port;
mod shims;

pub use port::PortError;
pub use shims::ShimError;

use std::io;
use std::path::{Path, PathBuf};

use crate::sys;

/// The result of everything that can fail in a way a user hears of.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure. Its text is exactly what stands on stderr.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither TETRA_DIR nor HOME.
    #[error("tsm: TETRA_DIR not set")]
    NoTetraDir,
    /// The root directory's path must fit into JSON records.
    #[error("tsm: TETRA_DIR is not UTF-8: set it to a path that is")]
    TetraDirNotText,
    /// Processes cannot be started on this system.
    #[error("tsm: starting processes is not supported on this system yet")]
    NoSupervisor,
    /// Another writer kept the runtime lock.
    #[error("tsm: failed to acquire ID allocation lock (timeout after 5s)")]
    LockTimeout,
    /// A file or directory could not be used.
    #[error("tsm: cannot {action} {}: {}", path.display(), sys::reason(source))]
    File {
        /// `read`, `write`, `create`…
        action: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The operating system refused something that has no path.
    #[error("tsm: cannot {action}: {}", sys::reason(source))]
    System {
        /// What was attempted.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A name or id that `info`, `paths`, `env`, `logs` and `restart` do not know.
    #[error("tsm: process '{0}' not found")]
    NoSuchProcess(String),
    /// Neither a readable process nor a dump of the bash tool's.
    #[error("tsm: no environment file found for '{0}'")]
    NoEnvironment(String),
    /// An id that `restart` and `delete` do not know.
    #[error("tsm: process ID '{0}' not found")]
    NoSuchId(String),
    /// A number that is neither id, pid nor port of a record.
    #[error("tsm: process ID/PID/port '{0}' not found")]
    NoSuchNumber(String),
    /// Several names contain the word. The first line of two or more: see [`Error::details`].
    #[error("tsm: ambiguous name '{word}', matches:")]
    Ambiguous {
        /// The word.
        word: String,
        /// Ids and names that match.
        matches: Vec<(i64, String)>,
        /// What is said after the list.
        then: Option<Box<Error>>,
    },
    /// A process was not started, or did not stay.
    #[error("❌ Failed to start: {name} ({reason})")]
    StartFailed {
        /// The name it would have had, valid or not.
        name: String,
        /// Why not.
        reason: String,
    },
    /// Somebody else is it.
    #[error("❌ Process '{0}' already running")]
    AlreadyRunning(String),
    /// A process does not run again, or could not be stopped.
    #[error("tsm: failed to restart '{name}'{}", why.map(|why| format!(" ({why})")).unwrap_or_default())]
    RestartFailed {
        /// Its name.
        name: String,
        /// What its record lacks.
        why: Option<&'static str>,
    },
    /// A process was ended, and its record does not say so.
    #[error("tsm: stopped '{name}', but cannot record it{}: {why}", if *later { " yet" } else { "" })]
    NotRecorded {
        /// Its name.
        name: String,
        /// Whether its supervisor is there to record it later.
        later: bool,
        /// What failed, in its own line.
        why: String,
    },
    /// A service without a definition.
    #[error("❌ Service not found: {0}")]
    NoSuchService(String),
    /// A definition that ended bash, or was not done in time.
    #[error("❌ Service definition failed: {}", .0.display())]
    DefinitionFailed(PathBuf),
    /// A file that others could have written is not acted on.
    #[error("tsm: {} is not safe to use", .0.display())]
    Unsafe(PathBuf),
    /// A value of `--port` that is neither a port nor `none`.
    #[error("tsm: invalid port '{0}'")]
    InvalidPort(String),
    /// Something about named ports.
    #[error(transparent)]
    Port(#[from] PortError),
    /// A failure of `tsm shims`.
    #[error(transparent)]
    Shims(#[from] ShimError),
    /// A migration was not begun; nothing has changed.
    #[error("tsm: cannot migrate: {0}")]
    MigrateNotStarted(String),
    /// Another writer kept the lock from a migration.
    #[error("tsm: cannot migrate: another tsm holds the lock, try again")]
    MigrateLocked,
    /// A migration could not go on.
    #[error("tsm: migration stopped half way: {0}; nothing is lost, run 'tsm migrate' again to finish it")]
    MigrateHalfWay(String),
    /// A command that writes has to wait for a migration that cannot be done now.
    #[error("tsm: cannot migrate: {0}")]
    NotMigrated(String),
    /// The old record of a name cannot be believed: a live process may be behind it.
    #[error("tsm: record of '{name}' was refused by migrate: {}", path.display())]
    RecordRefused {
        /// The name.
        name: String,
        /// Its record.
        path: PathBuf,
    },
    /// A migration is not rolled back; nothing has changed.
    #[error("tsm: cannot roll back: {0}")]
    RollbackRefused(String),
    /// Wrong words on the command line. The text is whole.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// The exit code that the contract gives this failure.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::InvalidPort(_) => 64,
            Self::MigrateNotStarted(_) => 4,
            Self::MigrateLocked => 5,
            Self::RollbackRefused(_) => 6,
            _ => 1,
        }
    }

    /// Whether something could not be written because its place takes no bytes now (a full disk, say).
    pub fn is_unwritable(&self) -> bool {
        matches!(self, Self::File { source, .. } if sys::is_unwritable(source))
    }

    /// The line without the name of the program, to be part of another.
    pub fn reason(&self) -> String {
        let text = self.to_string();
        text.strip_prefix("tsm: ").unwrap_or(&text).to_owned()
    }

    /// What is said after the first line, a line each.
    pub fn details(&self) -> Vec<String> {
        let Self::Ambiguous { matches, then, .. } = self else {
            return Vec::new();
        };
        let matches = matches.iter().map(|(id, name)| format!("  {id}: {name}"));
        matches.chain(then.iter().map(ToString::to_string)).collect()
    }

    /// For `map_err`: a failed action on a path.
    pub fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// For `map_err`: a failed action that has no path.
    pub fn system(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { action, source }
    }
}

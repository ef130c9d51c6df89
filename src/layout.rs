//! Every path of an installation, named once.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// One of the two output streams of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// stdout
    Out,
    /// stderr
    Err,
}

impl Stream {
    /// Both, stdout first.
    pub const BOTH: [Self; 2] = [Self::Out, Self::Err];

    /// `out` or `err`: the fifo's name and the log's extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
        }
    }
}

/// The installation below one `TETRA_DIR`. The path is absolute and UTF-8.
#[derive(Clone, Debug)]
pub struct Layout {
    tetra: String,
}

impl Layout {
    /// For a `TETRA_DIR`; a relative one starts at the current directory.
    pub fn new(tetra: &Path) -> Result<Self> {
        // By its components: a slash at the end is not part of any path that is shown.
        let absolute: PathBuf =
            std::path::absolute(tetra).map_err(Error::file("find", tetra))?.components().collect();
        let tetra = absolute.into_os_string().into_string().map_err(|_| Error::TetraDirNotText)?;
        Ok(Self { tetra })
    }

    /// `TETRA_DIR` itself.
    pub fn tetra(&self) -> &Path {
        Path::new(&self.tetra)
    }

    /// `R` of the contract: everything of tsm's own.
    pub fn root(&self) -> PathBuf {
        self.text("").into()
    }

    /// The records.
    pub fn processes(&self) -> PathBuf {
        self.text("/runtime/processes").into()
    }

    /// The record of one process.
    pub fn record(&self, name: &str) -> PathBuf {
        self.text(&format!("/runtime/processes/{name}.json")).into()
    }

    /// The environment dump that the bash tool wrote.
    pub fn env_dump(&self, name: &str) -> PathBuf {
        self.text(&format!("/runtime/processes/{name}.env")).into()
    }

    /// The pid files.
    pub fn pids(&self) -> PathBuf {
        self.text("/runtime/pids").into()
    }

    /// The pid file of one process.
    pub fn pid_file(&self, name: &str) -> PathBuf {
        self.text(&format!("/runtime/pids/{name}.pid")).into()
    }

    /// The logs of all processes.
    pub fn logs(&self) -> PathBuf {
        self.text("/runtime/logs").into()
    }

    /// The logs of one process.
    pub fn log_dir(&self, name: &str) -> PathBuf {
        self.text(&format!("/runtime/logs/{name}")).into()
    }

    /// The log that one stream is being written to. UTF-8, because it stands in the record.
    pub fn current_log(&self, name: &str, stream: Stream) -> String {
        self.text(&format!("/runtime/logs/{name}/current.{}", stream.name()))
    }

    /// The log of stdout where older versions kept it.
    pub fn flat_log(&self, name: &str) -> PathBuf {
        self.text(&format!("/runtime/logs/{name}.out")).into()
    }

    /// Where supervisors live, one directory for each name.
    pub fn runs(&self) -> PathBuf {
        self.text("/runtime/run").into()
    }

    /// What one process and its supervisor share.
    pub fn run(&self, name: &str) -> RunDir {
        RunDir { path: self.text(&format!("/runtime/run/{name}")).into() }
    }

    /// The port ledger.
    pub fn ledger(&self) -> PathBuf {
        self.text("/runtime/ports/registry.tsv").into()
    }

    /// The directory of the port ledger.
    pub fn ports(&self) -> PathBuf {
        self.text("/runtime/ports").into()
    }

    /// The id counter of the bash tool, kept for those who look at it.
    pub fn next_id(&self) -> PathBuf {
        self.text("/runtime/next_id").into()
    }

    /// The file whose flock(2) is the runtime lock.
    pub fn lock(&self) -> PathBuf {
        self.text("/runtime/.lock").into()
    }

    /// The link to a migration that was begun and is not done.
    pub fn unfinished_migration(&self) -> PathBuf {
        self.text("/runtime/migrate/unfinished").into()
    }

    /// The parent of everything that changes while processes run.
    pub fn runtime(&self) -> PathBuf {
        self.text("/runtime").into()
    }

    /// The mark of an id that a start in progress has taken.
    pub fn reservation(&self, id: i64) -> PathBuf {
        self.text(&format!("/runtime/{RESERVATION_PREFIX}{id}")).into()
    }

    /// Service definitions.
    pub fn services_available(&self) -> PathBuf {
        self.text("/services-available").into()
    }

    /// The definition of one service.
    pub fn service(&self, name: &str) -> PathBuf {
        self.text(&format!("/services-available/{name}.tsm")).into()
    }

    /// Links to the definitions that `startup` starts.
    pub fn services_enabled(&self) -> PathBuf {
        self.text("/services-enabled").into()
    }

    /// The mark that `startup` starts a service: a link.
    pub fn enabled(&self, name: &str) -> PathBuf {
        self.text(&format!("/services-enabled/{name}.tsm")).into()
    }

    /// A line for each `startup`.
    pub fn startup_log(&self) -> PathBuf {
        self.text("/startup.log").into()
    }

    /// The saved list of running processes.
    pub fn dump(&self) -> PathBuf {
        self.text("/runtime/dump.json").into()
    }

    /// The one before it.
    pub fn last_dump(&self) -> PathBuf {
        self.text("/runtime/dump.json.bak").into()
    }

    /// The events of one UTC day (`YYYY-MM-DD`).
    pub fn events(&self, date: &str) -> PathBuf {
        self.text(&format!("/db/events/{date}.jsonl")).into()
    }

    /// The registry of named ports, shared with the other tetra modules.
    pub fn named_ports(&self) -> PathBuf {
        self.tetra().join("config/ports.toml")
    }

    fn text(&self, below: &str) -> String {
        format!("{}/tsm{below}", self.tetra)
    }
}

/// What the file names of reservations begin with; the id follows.
pub const RESERVATION_PREFIX: &str = ".reserve-";

/// The file in a run directory that tells that a process was born there.
pub const PROCESS_LOCK: &str = "process.lock";

/// `runtime/run/NAME`: what a process and its supervisor share.
#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The fifo of one stream.
    pub fn fifo(&self, stream: Stream) -> PathBuf {
        self.path.join(stream.name())
    }

    /// Locked by the one reader of the fifos.
    pub fn supervisor_lock(&self) -> PathBuf {
        self.path.join("supervisor.lock")
    }

    /// Locked by the process and its descendants: evidence of life, never of death.
    pub fn process_lock(&self) -> PathBuf {
        self.path.join(PROCESS_LOCK)
    }

    /// What is about to run.
    pub fn plan(&self) -> PathBuf {
        self.path.join("plan.json")
    }
}

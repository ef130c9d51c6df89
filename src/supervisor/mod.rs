//! The process behind a process: it gives birth, moves output into the logs, records the end. One for each name, this
//! same executable, one thread, one poll(2). Whoever kills it does the process no harm: the fifos belong to the process
//! as well, and the next command that writes hands both to a new supervisor.

mod call;
mod end;
mod intent;
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "half of the talk is a supervisor's"))]
mod message;
mod plan;
mod table;
mod tree;
#[cfg(target_os = "linux")]
mod watch;

pub use call::Call;
pub use end::{End, record_end};
pub use intent::tell_intent;
pub use message::{Failure, Message};
pub use plan::{Plan, Purpose};
pub use table::Table;
pub use tree::{Tree, is_supervisor, owner};

use std::ffi::OsString;

/// The word that makes this executable a supervisor. `TETRA_DIR NAME [adopt]` follow.
pub const SUPERVISE: &str = "__supervise";

/// Whether there are supervisors on this system.
pub const AVAILABLE: bool = cfg!(target_os = "linux");

/// The word of a supervisor that takes over a process that runs already.
const ADOPT: &str = "adopt";

/// Runs a supervisor until its process has ended and everything is in the logs.
#[cfg(target_os = "linux")]
pub fn run(words: &[OsString]) -> u8 {
    let result = match words {
        [tetra, name] => watch::supervise(tetra.as_ref(), &name.to_string_lossy()),
        [tetra, name, mode] if mode == ADOPT => watch::adopt(tetra.as_ref(), &name.to_string_lossy()),
        _ => Ok(()),
    };
    u8::from(result.is_err())
}

/// There is no supervisor for this system yet.
#[cfg(not(target_os = "linux"))]
pub fn run(_words: &[OsString]) -> u8 {
    1
}

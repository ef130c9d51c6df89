//! What became of a start, and what is told of it.

use crate::error::Result;
use crate::launch::{self, Blocker, Refusal};
use crate::registry::Record;
use crate::supervisor::Failure;

/// What became of a start.
#[derive(Debug)]
pub enum Started {
    /// It runs.
    Online {
        /// Its record.
        record: Record,
        /// What it was found to listen on.
        listening: Listening,
        /// Whether it, or what it started, listens on its declared port. Looked at for services alone.
        serves: bool,
    },
    /// It ended before it counted as started.
    Failed {
        /// The record it would have had.
        record: Record,
        /// Why, in the words of the report.
        reason: String,
        /// The last lines it wrote to stderr.
        last_words: Vec<u8>,
        /// Who has its port.
        blocker: Option<Blocker>,
    },
}

/// A process and its declared port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    /// It listens there, or has none declared.
    AsDeclared,
    /// It listens on another.
    Elsewhere(u16),
    /// It does not listen (yet).
    Nowhere,
}

/// Who is to listen on a declared port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The process itself.
    Itself,
    /// It or one below it: that is waited for.
    Tree,
}

/// What is told of an order: that it is tried and what came of that, or that there is nothing to do.
#[derive(Debug)]
pub enum Reply {
    /// It is its turn, and it does not run yet.
    Starting,
    /// A process of this name does it already. Nothing else is told of it.
    AlreadyRunning(String),
    /// It was tried. The last that is told of it.
    Done(Result<Started>),
}

pub(super) fn failed(record: Record, refusal: Refusal) -> Started {
    let reason = match &refusal.failure {
        Failure::NoHandshake => "no PID file".to_owned(),
        Failure::Died => "process died immediately".to_owned(),
        Failure::Impossible(reason) => reason.clone(),
    };
    let died = refusal.failure == Failure::Died;
    let blocker = record.port().filter(|_| died).and_then(launch::blocker);
    Started::Failed { record, reason, last_words: refusal.last_words, blocker }
}

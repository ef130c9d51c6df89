//! Processes whose supervisor was killed get a new one.

use crate::layout::Layout;
use crate::registry::Record;
use crate::supervisor::{Call, owner};
use crate::sys::dir;

/// Which processes are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those that had a supervisor.
    Supervised,
    /// Also those of the bash tool, which never had one.
    All,
}

/// For a command that only reads: every living process that had a supervisor and has none gets one. What is not ours
/// or cannot be written to is left alone, in silence.
pub fn adopt_orphaned<'a>(records: impl IntoIterator<Item = &'a Record>, layout: &Layout) {
    for record in records {
        adopt(record, Reach::Supervised, layout);
    }
}

/// The record's process lives. Whoever is quicker has it.
pub(super) fn adopt(record: &Record, reach: Reach, layout: &Layout) {
    let run = layout.run(record.name());
    if reach == Reach::All && !run.path().exists() {
        let _ = dir::make_private(&layout.runs());
        let _ = dir::make_private(run.path());
    }
    if dir::is_ours(run.path()) && owner(&run).is_none() {
        let _ = Call::to_adopt(record.name(), layout);
    }
}

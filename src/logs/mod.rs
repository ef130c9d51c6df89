//! The logs that processes leave: their last lines.

pub mod tail;

/// How much is read at once.
const BLOCK: usize = 64 << 10;

//! How things look: tables, durations. Used by `cli` alone.

pub mod duration;
pub mod table;

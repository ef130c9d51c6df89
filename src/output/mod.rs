//! How things look: tables, durations, colours. Returns text; `cli` prints it.

pub mod clean;
pub mod colour;
pub mod duration;
pub mod excerpt;
pub mod mode;
pub mod size;
pub mod table;

//! How things look. Returns text; `cli` prints it.

pub mod clean;
pub mod excerpt;

//! From every old installation to the new layout: look, plan, apply, report, and the way back.

pub mod sources;
pub mod verdict;

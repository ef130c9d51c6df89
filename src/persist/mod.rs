//! The list of running processes that is saved, and started again after a reboot, say.

mod list;
mod resurrect;

pub use list::{Entry, Saved, read, save};
pub use resurrect::resurrect;

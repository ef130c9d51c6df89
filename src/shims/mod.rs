//! The files of `compat/`, put in the place of the bash tool's own (`bash/tsm`) and taken out again.
//!
//! What was there is kept in a hidden directory beside it, `bash/.tsm-backup-STAMP`, with a manifest that is written before
//! anything is touched and says how far one came. Every step can be done twice: whoever was killed between two is
//! followed by the next call, which finishes.

mod files;
mod install;
mod manifest;
mod place;
mod remove;
mod status;

pub use install::{Installed, install};
pub use place::Place;
pub use remove::{Removed, remove};
pub use status::{Drift, Status, status};

//! From every old installation to the new layout: look, plan, apply, report, and the way back.

pub mod apply;
pub mod automatic;
pub mod backup;
pub mod check;
pub mod elsewhere;
pub mod in_use;
pub mod journal;
pub mod look;
pub mod owner;
pub mod place;
pub mod places;
pub mod plan;
pub mod report;
pub mod reverse;
pub mod rollback;
pub mod run;
pub mod session;
pub mod sources;
pub mod standing;
pub mod state;
pub mod status;
pub mod step;
pub mod tree;
pub mod verdict;

pub use automatic::{Automatic, automatic};
pub use rollback::{Undone, Wish, rollback};
pub use run::{Outcome, Request, run};
pub use status::{Status, status};

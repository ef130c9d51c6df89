//! Ports: the ledger of what was declared and found, the file of named ports, and who listens.

mod allocation;
pub mod conflicts;
pub mod holders;
pub mod ledger;
pub mod named;
pub mod ranges;

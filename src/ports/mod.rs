//! Ports: the ledger of what was declared and found, the file of named ports, and who listens.

pub mod holders;
pub mod ledger;
pub mod named;

//! Ports: the ledger of what was declared and found, and the file of named ports.

pub mod ledger;
pub mod named;

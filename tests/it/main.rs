//! The integration tests: one binary, one file per command, one harness.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets the unexpected fails"
)]

mod cleanup;
mod contract;
mod delete;
mod dispatch;
mod doctor;
mod env;
mod faults;
mod harness;
mod info;
mod init;
mod kill;
mod list;
mod logs;
mod migrate;
mod paths;
mod patrol;
mod ports;
mod registry;
mod restart;
mod resurrect;
mod save;
mod scan_ports;
mod services;
mod setup;
mod shims;
mod start;
mod startup;
mod stop;

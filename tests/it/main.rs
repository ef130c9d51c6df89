//! The integration tests: one binary, one file per command, one harness.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets the unexpected fails"
)]

mod contract;
mod dispatch;
mod faults;
mod harness;
mod paths;
mod registry;
mod setup;

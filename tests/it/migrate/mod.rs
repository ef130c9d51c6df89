//! `tsm migrate`: every old installation of `tests/fixtures/migrate`, there and back.
#![allow(dead_code, reason = "the tests of the command stand on this")]

#[macro_use]
mod tables;

mod expect;
mod fixture;
mod report;
mod snapshot;
mod stage;

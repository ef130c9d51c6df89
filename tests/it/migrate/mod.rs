//! `tsm migrate`: every old installation of `tests/fixtures/migrate`, there and back.

#[macro_use]
mod tables;

mod adopted;
mod after;
mod alone;
mod automatic;
mod back;
mod changed;
mod expect;
mod fixture;
mod forward;
mod full;
mod goal;
mod interrupted;
mod late;
mod live;
mod many;
mod reference;
mod report;
mod snapshot;
mod stage;
mod stand_in;
mod twice;

/// Says everything that is wrong at once.
#[track_caller]
fn fail(file: &str, when: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{file}, {when}:\n{}", faults.join("\n"));
}

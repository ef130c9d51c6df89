//! What every test stands on: a private installation ([`Home`]), waiting for conditions ([`wait_until`]), one text for
//! everything a command said ([`assert_transcript`]), and the kernel's view of processes ([`proc`]).
#![allow(dead_code, reason = "a shelf of tools: not every one is in use at any time")]

mod binary;
mod finish;
mod home;
pub(crate) mod isolation;
mod port;
pub(crate) mod proc;
mod process;
mod reap;
pub(crate) mod scenario;
mod shims;
mod stranger;
mod transcript;
mod user;
mod wait;

#[allow(unused_imports, reason = "as above")]
pub(crate) use {
    finish::finish,
    home::Home,
    process::Process,
    stranger::Stranger,
    transcript::{assert_transcript, tidy, transcript},
    user::User,
    wait::{wait_for, wait_until},
};

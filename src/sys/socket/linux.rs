//! The kernel's table of sockets, and the links of `/proc/PID/fd`.

use std::collections::{HashMap, HashSet};

use super::{Held, Listener, diag, keep_lowest, links, tables};
use crate::sys::proc;

/// Socket states of the kernel.
pub(super) const LISTEN: u8 = 10;
pub(super) const CLOSE: u8 = 7;

pub(super) fn listeners() -> Vec<Listener> {
    diag::sockets(libc::IPPROTO_TCP, LISTEN).unwrap_or_else(|_| tables::sockets("tcp", LISTEN))
}

pub(super) fn bound_udp() -> Vec<Listener> {
    diag::sockets(libc::IPPROTO_UDP, CLOSE).unwrap_or_else(|_| tables::sockets("udp", CLOSE))
}

pub(super) fn sockets_of(pid: i32) -> HashMap<u64, i32> {
    let mut sockets = HashMap::new();
    links::visit(pid, |inode, number| keep_lowest(&mut sockets, inode, number));
    sockets
}

pub(super) fn holders(wanted: &HashSet<u64>) -> Vec<Held> {
    let mut pids: Vec<i32> = proc::pids().collect();
    pids.sort_unstable();
    let mut held = Vec::new();
    let mut own = HashMap::new();
    for pid in pids {
        links::visit(pid, |inode, number| {
            if wanted.contains(&inode) {
                keep_lowest(&mut own, inode, number);
            }
        });
        held.extend(own.drain().map(|(inode, descriptor)| Held { inode, pid, descriptor }));
    }
    held
}

//! Who has a port.

use crate::sys::proc::{self, Stat};
use crate::sys::socket::{self, Listener};

/// One listening socket in the hands of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The socket.
    pub listener: Listener,
    /// The process; `None` when it is not ours to see.
    pub holder: Option<Holder>,
}

/// A process that has a listening socket open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: i32,
    /// Number of the descriptor.
    pub descriptor: i32,
    /// Kernel command name.
    pub command: String,
    /// Name of the effective user, or its number.
    pub user: String,
}

/// Every listening socket on `port` with each of its processes, by pid; those nobody is seen to hold come last.
pub fn of_port(port: u16) -> Vec<Holding> {
    let mut listeners = socket::listeners();
    listeners.retain(|listener| listener.port == port);
    if listeners.is_empty() {
        return Vec::new();
    }
    let mut pids: Vec<i32> = proc::pids().collect();
    pids.sort_unstable();
    let mut holdings: Vec<Holding> = pids.into_iter().flat_map(|pid| held_by(pid, &listeners)).collect();
    for listener in listeners {
        if holdings.iter().all(|holding| holding.listener != listener) {
            holdings.push(Holding { listener, holder: None });
        }
    }
    holdings
}

/// The processes that listen on a local TCP port or have a UDP socket bound to it, in the order of their pids.
pub fn pids_of(port: u16) -> Vec<i32> {
    let sockets = socket::listeners().into_iter().chain(socket::bound_udp());
    let taken: Vec<u64> = sockets.filter(|socket| socket.port == port).map(|socket| socket.inode).collect();
    if taken.is_empty() {
        return Vec::new();
    }
    let holds = |pid: &i32| {
        let own = socket::sockets_of(*pid);
        taken.iter().any(|inode| own.contains_key(inode))
    };
    let mut pids: Vec<i32> = proc::pids().filter(holds).collect();
    pids.sort_unstable();
    pids
}

fn held_by(pid: i32, listeners: &[Listener]) -> Vec<Holding> {
    let sockets = socket::sockets_of(pid);
    let holding = |listener: &Listener| {
        let descriptor = *sockets.get(&listener.inode)?;
        let command = Stat::read(pid)?.comm;
        let user = proc::user_name(proc::user(pid)?);
        Some(Holding { listener: *listener, holder: Some(Holder { pid, descriptor, command, user }) })
    };
    listeners.iter().filter_map(holding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn our_own_listener_is_ours() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let holdings = of_port(port);
        let own = i32::try_from(std::process::id()).unwrap();
        assert_eq!(holdings.iter().filter_map(|holding| holding.holder.as_ref()).next().unwrap().pid, own);
        drop(server);
        assert_eq!(of_port(port), []);
    }
}

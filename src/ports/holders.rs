//! Who has a port. A port is in use when a TCP socket listens on it or an unconnected UDP socket is bound to it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::sys::proc::{self, Stat};
use crate::sys::socket::{self, Held, Listener};

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

/// A port that is in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// The processes that hold it, as far as they are ours to see, in order.
    pub pids: Vec<i32>,
    /// Those of them that hold it as a standard stream.
    pub by_stream: Vec<i32>,
    /// The users of the sockets that nobody is seen to hold.
    pub unseen: Vec<u32>,
}

impl Use {
    fn add(&mut self, held: &[Held]) {
        let by_stream = held.iter().filter(|held| held.is_stream());
        self.by_stream.extend(by_stream.map(|held| held.pid));
        self.pids.extend(held.iter().map(|held| held.pid));
    }
}

/// The ports that are in use, whoever has them. Asks for no process.
pub fn taken() -> BTreeSet<u16> {
    sockets().iter().map(|socket| socket.port).collect()
}

/// Those ports that are in use and `wanted`, with their holders. Looks at processes only if there are any.
pub fn uses(wanted: impl Fn(u16) -> bool) -> BTreeMap<u16, Use> {
    let mut sockets = sockets();
    sockets.retain(|socket| wanted(socket.port));
    with_holders(&sockets)
}

/// Every port that a TCP socket listens on, with its holders.
pub fn listening() -> BTreeMap<u16, Use> {
    with_holders(&socket::listeners())
}

/// Whether a process holds the port now.
pub fn holds(pid: i32, port: u16) -> bool {
    let own = socket::sockets_of(pid);
    sockets().iter().any(|socket| socket.port == port && own.contains_key(&socket.inode))
}

/// Every listening socket on `port` with each of its processes, by pid; those nobody is seen to hold come last.
pub fn of_port(port: u16) -> Vec<Holding> {
    let mut listeners = socket::listeners();
    listeners.retain(|listener| listener.port == port);
    let held = holders(&listeners);
    let of = |inode: u64| listeners.iter().find(|listener| listener.inode == inode);
    let holding = |held: &Held| Some(Holding { listener: *of(held.inode)?, holder: Some(holder(held)?) });
    let mut holdings: Vec<Holding> = held.iter().filter_map(holding).collect();
    for listener in listeners {
        if holdings.iter().all(|holding| holding.listener != listener) {
            holdings.push(Holding { listener, holder: None });
        }
    }
    holdings
}

/// The processes that listen on a local TCP port or have a UDP socket bound to it, in the order of their pids.
pub fn pids_of(port: u16) -> Vec<i32> {
    uses(|used| used == port).remove(&port).unwrap_or_default().pids
}

fn sockets() -> Vec<Listener> {
    let mut sockets = socket::listeners();
    sockets.extend(socket::bound_udp());
    sockets
}

fn with_holders(sockets: &[Listener]) -> BTreeMap<u16, Use> {
    let mut by_socket: HashMap<u64, Vec<Held>> = HashMap::new();
    for held in holders(sockets) {
        by_socket.entry(held.inode).or_default().push(held);
    }
    let mut uses: BTreeMap<u16, Use> = BTreeMap::new();
    for socket in sockets {
        let used = uses.entry(socket.port).or_default();
        match by_socket.get(&socket.inode) {
            Some(held) => used.add(held),
            None => used.unseen.push(socket.user),
        }
    }
    for used in uses.values_mut() {
        used.pids.sort_unstable();
        used.pids.dedup();
    }
    uses
}

fn holders(sockets: &[Listener]) -> Vec<Held> {
    let inodes: HashSet<u64> = sockets.iter().map(|socket| socket.inode).collect();
    if inodes.is_empty() { Vec::new() } else { socket::holders(&inodes) }
}

fn holder(held: &Held) -> Option<Holder> {
    let command = Stat::read(held.pid)?.comm;
    let user = proc::user_name(proc::user(held.pid)?);
    Some(Holder { pid: held.pid, descriptor: held.descriptor, command, user })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::eventually;
    use std::net::{TcpListener, UdpSocket};

    fn own() -> i32 {
        std::process::id().try_into().unwrap()
    }

    /// Other tests start programs: until one of those has become itself, it has our sockets, too.
    #[test]
    fn our_own_listener_is_ours() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let pids =
            || of_port(port).into_iter().filter_map(|holding| Some(holding.holder?.pid)).collect::<Vec<_>>();
        eventually(|| pids() == [own()]);
        eventually(|| uses(|used| used == port)[&port] == Use { pids: vec![own()], ..Use::default() });
        assert!(holds(own(), port) && taken().contains(&port) && listening().contains_key(&port));
        drop(server);
        eventually(|| of_port(port).is_empty());
        assert!(!holds(own(), port) && !taken().contains(&port));
    }

    #[test]
    fn a_bound_datagram_socket_uses_its_port_and_does_not_listen() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        eventually(|| pids_of(port) == [own()]);
        assert!(!listening().get(&port).is_some_and(|used| used.pids.contains(&own())));
    }
}

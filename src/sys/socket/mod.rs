//! Who has which port: the sockets of this network namespace, and the processes that hold them.

#[cfg(target_os = "linux")]
mod diag;
#[cfg(target_os = "linux")]
mod links;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
mod lsof;
#[cfg(target_os = "linux")]
mod tables;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use lsof as system;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// One socket of this network namespace that waits for others: a listening TCP socket, a bound UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Local address; unspecified for all addresses.
    pub address: IpAddr,
    /// Local port.
    pub port: u16,
    /// What tells the socket from all others: on Linux its inode, as in the links of `/proc/PID/fd`.
    pub inode: u64,
    /// The user it belongs to.
    pub user: u32,
}

/// A socket among the descriptors of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// [`Listener::inode`].
    pub inode: u64,
    /// Process id.
    pub pid: i32,
    /// Number of the descriptor, the lowest where there are several.
    pub descriptor: i32,
}

impl Held {
    /// Whether it is stdin, stdout or stderr.
    pub fn is_stream(&self) -> bool {
        self.descriptor <= libc::STDERR_FILENO
    }
}

/// Every listening TCP socket, IPv4 before IPv6.
pub fn listeners() -> Vec<Listener> {
    system::listeners()
}

/// Every UDP socket that is bound and not connected.
pub fn bound_udp() -> Vec<Listener> {
    system::bound_udp()
}

/// The sockets a process has open: inode to descriptor number, the lowest where there are several.
pub fn sockets_of(pid: i32) -> HashMap<u64, i32> {
    system::sockets_of(pid)
}

/// Who holds these sockets, by pid. Looks at the descriptors of every process, as far as they are ours to see.
pub fn holders(wanted: &HashSet<u64>) -> Vec<Held> {
    system::holders(wanted)
}

fn keep_lowest(sockets: &mut HashMap<u64, i32>, inode: u64, number: i32) {
    let lowest = sockets.entry(inode).or_insert(number);
    *lowest = number.min(*lowest);
}

#[cfg(test)]
mod tests {
    use super::linux::{CLOSE, LISTEN};
    use super::*;
    use std::net::{TcpListener, UdpSocket};

    fn own() -> i32 {
        std::process::id().cast_signed()
    }

    #[test]
    fn a_listener_of_ours_is_found_both_ways() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(server) = TcpListener::bind(address) else { continue };
            let port = server.local_addr().unwrap().port();
            let sockets = sockets_of(own());
            for all in [listeners(), tables::sockets("tcp", LISTEN)] {
                let found = all.iter().find(|listener| listener.port == port).unwrap();
                assert!(sockets.contains_key(&found.inode));
                assert_eq!(found.address, server.local_addr().unwrap().ip());
                assert_eq!(found.user, super::super::spawn::own_user());
            }
        }
    }

    #[test]
    fn a_bound_datagram_socket_is_found_until_it_is_connected() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let found = |all: Vec<Listener>| all.iter().any(|bound| bound.port == port);
        assert!(found(bound_udp()) && found(tables::sockets("udp", CLOSE)));
        socket.connect("127.0.0.1:9").unwrap();
        assert!(!found(bound_udp()) && !found(tables::sockets("udp", CLOSE)));
    }

    #[test]
    fn holders_are_named_with_their_lowest_descriptor() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let _copy = server.try_clone().unwrap();
        let port = server.local_addr().unwrap().port();
        let inode = listeners().iter().find(|listener| listener.port == port).unwrap().inode;
        let number = std::os::fd::AsRawFd::as_raw_fd(&server);
        let held = holders(&HashSet::from([inode]));
        assert_eq!(held.first(), Some(&Held { inode, pid: own(), descriptor: number }));
    }
}

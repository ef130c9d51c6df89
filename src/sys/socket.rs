//! Who listens on which TCP port.

use std::collections::HashMap;
use std::net::IpAddr;

use super::proc;

/// One socket of this network namespace that waits for others: a listening TCP socket, a bound UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Local address; unspecified for all addresses.
    pub address: IpAddr,
    /// Local port.
    pub port: u16,
    /// Inode of the socket, as in the links of `/proc/PID/fd`.
    pub inode: u64,
}

/// Every listening TCP socket, IPv4 before IPv6.
pub fn listeners() -> Vec<Listener> {
    #[cfg(target_os = "linux")]
    if let Ok(listeners) = diag::sockets(libc::IPPROTO_TCP, LISTEN) {
        return listeners;
    }
    tables("tcp", LISTEN)
}

/// Every UDP socket that is bound and not connected.
pub fn bound_udp() -> Vec<Listener> {
    #[cfg(target_os = "linux")]
    if let Ok(bound) = diag::sockets(libc::IPPROTO_UDP, CLOSE) {
        return bound;
    }
    tables("udp", CLOSE)
}

/// Socket states of the kernel.
const LISTEN: u8 = 10;
const CLOSE: u8 = 7;

/// The sockets a process has open: inode to descriptor number, the lowest where there are several.
pub fn sockets_of(pid: i32) -> HashMap<u64, i32> {
    let mut sockets = HashMap::new();
    for (number, target) in proc::descriptors(pid) {
        let inode =
            target.to_str().and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
        if let Some(inode) = inode {
            let lowest = sockets.entry(inode).or_insert(number);
            *lowest = number.min(*lowest);
        }
    }
    sockets
}

/// `/proc/net/tcp` and its IPv6 twin, or those of UDP, as proc(5) describes them.
fn tables(protocol: &str, state: u8) -> Vec<Listener> {
    let files = [format!("/proc/net/{protocol}"), format!("/proc/net/{protocol}6")];
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap_or_default());
    let rows =
        |text: String| text.lines().skip(1).filter_map(|line| table_row(line, state)).collect::<Vec<_>>();
    texts.flat_map(rows).collect()
}

fn table_row(line: &str, state: u8) -> Option<Listener> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if u8::from_str_radix(fields.get(3)?, 16) != Ok(state) {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    Some(Listener {
        address: hex_address(address)?,
        port: u16::from_str_radix(port, 16).ok()?,
        inode: fields.get(9)?.parse().ok()?,
    })
}

/// Groups of eight digits, each a 32-bit word in this machine's byte order.
fn hex_address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(text.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    if text.len() == 8 {
        return Some(IpAddr::from(word(0)?));
    }
    let words = [word(0)?, word(8)?, word(16)?, word(24)?];
    Some(IpAddr::from(<[u8; 16]>::try_from(words.concat()).ok()?))
}

/// The kernel's socket table by netlink, as sock_diag(7) describes it: no walk over the whole hash table.
#[cfg(target_os = "linux")]
mod diag {
    use std::io;
    use std::net::IpAddr;
    use std::os::fd::{AsRawFd as _, OwnedFd};

    use nix::sys::socket::{
        AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
    };

    use super::Listener;
    use crate::sys::io_error;

    const SOCK_DIAG_BY_FAMILY: u16 = 20;
    const NLMSG_DONE: u16 = 3;
    const NLMSG_ERROR: u16 = 2;
    const NLM_F_REQUEST: u16 = 1;
    const NLM_F_DUMP: u16 = 0x300;
    /// `struct nlmsghdr`.
    const HEADER: usize = 16;

    /// Every socket of a protocol in one state.
    pub(super) fn sockets(protocol: i32, state: u8) -> io::Result<Vec<Listener>> {
        let mut found = Vec::new();
        for family in [libc::AF_INET, libc::AF_INET6] {
            dump(&request(family, protocol, state), &mut found)?;
        }
        Ok(found)
    }

    fn dump(request: &[u8], found: &mut Vec<Listener>) -> io::Result<()> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            SockProtocol::NetlinkSockDiag,
        )
        .map_err(io_error)?;
        let kernel = NetlinkAddr::new(0, 0);
        sendto(socket.as_raw_fd(), request, &kernel, MsgFlags::empty()).map_err(io_error)?;
        while read_batch(&socket, found)? {}
        Ok(())
    }

    /// `nlmsghdr` and `inet_diag_req_v2`.
    fn request(family: i32, protocol: i32, state: u8) -> Vec<u8> {
        const LENGTH: u32 = 72;
        let mut bytes = Vec::with_capacity(LENGTH as usize);
        bytes.extend(LENGTH.to_ne_bytes());
        bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        bytes.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend([u8::try_from(family).unwrap_or(0), u8::try_from(protocol).unwrap_or(0), 0, 0]);
        bytes.extend((1_u32 << state).to_ne_bytes());
        bytes.resize(LENGTH as usize, 0);
        bytes
    }

    /// One datagram of the answer; `false` after the last.
    fn read_batch(socket: &OwnedFd, found: &mut Vec<Listener>) -> io::Result<bool> {
        let mut buffer = [0; 32 * 1024];
        let length = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()).map_err(io_error)?;
        let mut rest = buffer.get(..length).unwrap_or_default();
        while let Some((kind, body, next)) = message(rest) {
            match kind {
                NLMSG_DONE => return Ok(false),
                NLMSG_ERROR => return Err(io::ErrorKind::Unsupported.into()),
                _ => found.extend(listener(body)),
            }
            rest = next;
        }
        Ok(length > 0)
    }

    /// The first message: its kind, its body, and what follows it.
    fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
        let length = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
        let body = bytes.get(HEADER..length)?;
        let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, body, next))
    }

    /// `struct inet_diag_msg`: family at 0, source port at 4, source address at 8, inode at 68.
    fn listener(body: &[u8]) -> Option<Listener> {
        let port = u16::from_be_bytes(body.get(4..6)?.try_into().ok()?);
        let address = if i32::from(*body.first()?) == libc::AF_INET {
            IpAddr::from(<[u8; 4]>::try_from(body.get(8..12)?).ok()?)
        } else {
            IpAddr::from(<[u8; 16]>::try_from(body.get(8..24)?).ok()?)
        };
        let inode = u32::from_ne_bytes(body.get(68..72)?.try_into().ok()?);
        Some(Listener { address, port, inode: u64::from(inode) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_listener_of_ours_is_found_both_ways() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(server) = TcpListener::bind(address) else { continue };
            let port = server.local_addr().unwrap().port();
            let own = sockets_of(std::process::id().try_into().unwrap());
            for all in [listeners(), tables("tcp", LISTEN)] {
                let found = all.iter().find(|listener| listener.port == port).unwrap();
                assert!(own.contains_key(&found.inode));
                assert_eq!(found.address, server.local_addr().unwrap().ip());
            }
        }
    }
}

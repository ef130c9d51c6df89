//! The kernel's socket table by netlink, as sock_diag(7) describes it: no walk over the whole hash table.

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

/// `struct inet_diag_msg`: family at 0, source port at 4, source address at 8, user at 64, inode at 68.
fn listener(body: &[u8]) -> Option<Listener> {
    let port = u16::from_be_bytes(body.get(4..6)?.try_into().ok()?);
    let address = if i32::from(*body.first()?) == libc::AF_INET {
        IpAddr::from(<[u8; 4]>::try_from(body.get(8..12)?).ok()?)
    } else {
        IpAddr::from(<[u8; 16]>::try_from(body.get(8..24)?).ok()?)
    };
    let user = u32::from_ne_bytes(body.get(64..68)?.try_into().ok()?);
    let inode = u32::from_ne_bytes(body.get(68..72)?.try_into().ok()?);
    Some(Listener { address, port, inode: u64::from(inode), user })
}

//! Ports that nobody else uses, however many tests run at once and in however many processes.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 20_000;
/// Below the ports that the kernel gives to clients.
const COUNT: u16 = 12_000;

/// A port that is free and, among the tests of this machine, ours. An abstract socket is the mark: it goes with its
/// owner, whatever becomes of it.
pub(super) struct PortClaim {
    pub(super) port: u16,
    _mark: UnixListener,
}

impl PortClaim {
    pub(super) fn new() -> Self {
        static TURN: AtomicU16 = AtomicU16::new(0);
        let start = u16::try_from(std::process::id() * 97 % u32::from(COUNT)).unwrap();
        let mut candidates = (0..COUNT).map(|_| {
            let turn = u32::from(start) + u32::from(TURN.fetch_add(1, Ordering::Relaxed));
            FIRST + u16::try_from(turn % u32::from(COUNT)).unwrap()
        });
        candidates.find_map(Self::try_new).expect("no free port on this machine")
    }

    fn try_new(port: u16) -> Option<Self> {
        let name = SocketAddr::from_abstract_name(format!("tsm-test-port-{port}")).unwrap();
        let mark = UnixListener::bind_addr(&name).ok()?;
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).ok()?;
        Some(Self { port, _mark: mark })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimed_port_is_not_handed_out_again() {
        let claim = PortClaim::new();
        assert!(PortClaim::try_new(claim.port).is_none());
    }

    #[test]
    fn a_port_in_use_is_not_handed_out() {
        let claim = PortClaim::new();
        let port = claim.port;
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        drop(claim);
        assert!(PortClaim::try_new(port).is_none());
        drop(server);
    }
}

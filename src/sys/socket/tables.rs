//! `/proc/net/tcp` and its relatives, as proc(5) describes them. The kernel walks its whole hash table for each.

use std::net::IpAddr;

use super::Listener;

/// Every socket of a protocol (`tcp`, `udp`) in one state.
pub(super) fn sockets(protocol: &str, state: u8) -> Vec<Listener> {
    let files = [format!("/proc/net/{protocol}"), format!("/proc/net/{protocol}6")];
    let texts = files.iter().map(|file| std::fs::read_to_string(file).unwrap_or_default());
    let rows = |text: String| text.lines().skip(1).filter_map(|line| row(line, state)).collect::<Vec<_>>();
    texts.flat_map(rows).collect()
}

fn row(line: &str, state: u8) -> Option<Listener> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if u8::from_str_radix(fields.get(3)?, 16) != Ok(state) {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    Some(Listener {
        address: hex_address(address)?,
        port: u16::from_str_radix(port, 16).ok()?,
        inode: fields.get(9)?.parse().ok()?,
        user: fields.get(7)?.parse().ok()?,
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

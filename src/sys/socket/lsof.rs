//! What lsof(8) says of sockets, where the kernel has no table that we could read.
#![cfg_attr(target_os = "linux", expect(dead_code, reason = "here only its reader is tested"))]

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::{Command, Stdio};

use super::{Held, Listener, keep_lowest};

/// Every listening TCP socket.
pub(super) fn listeners() -> Vec<Listener> {
    distinct(&ask(&["-iTCP", "-sTCP:LISTEN"]))
}

/// Every UDP socket that is bound and not connected.
pub(super) fn bound_udp() -> Vec<Listener> {
    distinct(&ask(&["-iUDP"]))
}

/// The sockets a process has open: inode to descriptor number, the lowest where there are several.
pub(super) fn sockets_of(pid: i32) -> HashMap<u64, i32> {
    let mut sockets = HashMap::new();
    for file in ask(&["-a", "-i", "-p", &pid.to_string()]) {
        keep_lowest(&mut sockets, file.listener.inode, file.descriptor);
    }
    sockets
}

/// Who holds these sockets, by pid.
pub(super) fn holders(wanted: &HashSet<u64>) -> Vec<Held> {
    let is_wanted = |file: &File| wanted.contains(&file.listener.inode);
    let held = |file: File| Held { inode: file.listener.inode, pid: file.pid, descriptor: file.descriptor };
    let mut all: Vec<Held> = ask(&["-i"]).into_iter().filter(is_wanted).map(held).collect();
    all.sort_unstable_by_key(|held| (held.pid, held.inode, held.descriptor));
    all.dedup_by_key(|held| (held.pid, held.inode));
    all
}

/// One descriptor that is a socket.
#[derive(Debug, PartialEq, Eq)]
struct File {
    pid: i32,
    descriptor: i32,
    listener: Listener,
}

fn distinct(files: &[File]) -> Vec<Listener> {
    let mut seen = HashSet::new();
    files.iter().map(|file| file.listener).filter(|listener| seen.insert(listener.inode)).collect()
}

/// What it prints for these words: numbers instead of names, a field a line.
fn ask(words: &[&str]) -> Vec<File> {
    let mut command = Command::new("lsof");
    command.args(["-nP", "-FpuftdPn"]).args(words).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    parse(&String::from_utf8_lossy(&output))
}

/// A process begins with `p`, each of its files with `f`; the name, `n`, comes last.
fn parse(text: &str) -> Vec<File> {
    let (mut pid, mut user, mut descriptor, mut inode, mut is_v6) = (0, 0, None, None, false);
    let mut files = Vec::new();
    for line in text.lines() {
        let (field, value) = line.split_at_checked(1).unwrap_or_default();
        match field {
            "p" => pid = value.parse().unwrap_or(0),
            "u" => user = value.parse().unwrap_or(0),
            "f" => (descriptor, inode, is_v6) = (value.parse().ok(), None, false),
            "t" => is_v6 = value == "IPv6",
            "d" => inode = u64::from_str_radix(value.trim_start_matches("0x"), 16).ok(),
            "n" => {
                let listener = local(value, is_v6).zip(inode);
                let listener =
                    listener.map(|((address, port), inode)| Listener { address, port, inode, user });
                let file = listener.zip(descriptor);
                files.extend(file.map(|(listener, descriptor)| File { pid, descriptor, listener }));
            }
            _ => {}
        }
    }
    files
}

/// Address and port of a socket that is not connected.
fn local(name: &str, is_v6: bool) -> Option<(IpAddr, u16)> {
    let (host, port) = name.rsplit_once(':').filter(|_| !name.contains("->"))?;
    let address = match host {
        "*" if is_v6 => Ipv6Addr::UNSPECIFIED.into(),
        "*" => Ipv4Addr::UNSPECIFIED.into(),
        host => host.trim_start_matches('[').trim_end_matches(']').parse().ok()?,
    };
    Some((address, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_that_wait_are_read_and_connected_ones_are_not() {
        let text = "p70\nu501\nf3\ntIPv4\nd0xab\nPTCP\nn127.0.0.1:8080\nf4\ntIPv6\nd0xac\nPTCP\nn*:8081\n\
                    f5\ntIPv4\nd0xad\nPTCP\nn10.0.0.1:50000->10.0.0.2:443\np71\nu0\nf6\ntIPv6\nd0xac\nPTCP\nn*:8081\n\
                    f7\ntIPv4\nd0xae\nPUDP\nn*:*\nf8\ntIPv6\nd0xaf\nPTCP\nn[::1]:9\n";
        let files = parse(text);
        let shown = |file: &File| {
            let Listener { address, port, inode, user } = file.listener;
            format!("{} {} {address} {port} {inode:x} {user}", file.pid, file.descriptor)
        };
        let shown: Vec<String> = files.iter().map(shown).collect();
        let expected =
            ["70 3 127.0.0.1 8080 ab 501", "70 4 :: 8081 ac 501", "71 6 :: 8081 ac 0", "71 8 ::1 9 af 0"];
        assert_eq!(shown, expected);
        assert_eq!(distinct(&files).len(), 3);
    }
}

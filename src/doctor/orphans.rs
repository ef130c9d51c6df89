//! Servers that nobody manages: perhaps somebody did once.

use super::figures;
use super::owners::{Owners, is_of_tsm};
use crate::error::Result;
use crate::ports::holders;
use crate::registry::Registry;
use crate::sys::proc::{self, Stat};

/// A kind of server, and what its command lines hold, each followed by the next somewhere.
struct Kind {
    name: &'static str,
    patterns: &'static [&'static [&'static str]],
}

const KINDS: [Kind; 2] = [
    Kind { name: "node", patterns: &[&["node", "server"], &["npm", "start"], &["yarn", "start"]] },
    Kind { name: "python", patterns: &[&["python", "server"], &["python", "-m", "http"]] },
];

/// A process that looks like a server of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Its pid.
    pub pid: i32,
    /// `node` or `python`.
    pub kind: &'static str,
    /// The TCP ports it listens on.
    pub ports: Vec<u16>,
    /// Its command line.
    pub command: String,
}

/// All of them, by kind and pid. One that looks like both is there twice.
pub fn find(registry: &Registry) -> Result<Vec<Orphan>> {
    let candidates = candidates(&Owners::read(registry)?);
    if candidates.is_empty() {
        return Ok(Vec::new());
    }
    let listening = holders::listening();
    let ports = |pid: i32| {
        let own = listening.iter().filter(|(_, used)| used.pids.contains(&pid));
        own.map(|(port, _)| *port).collect()
    };
    let of_kind = |kind: &Kind| {
        let found = candidates.iter().filter(|(_, command)| kind.matches(command));
        let orphan = |(pid, command): &(i32, String)| Orphan {
            pid: *pid,
            kind: kind.name,
            ports: ports(*pid),
            command: command.clone(),
        };
        found.map(orphan).collect::<Vec<_>>()
    };
    Ok(KINDS.iter().flat_map(of_kind).collect())
}

/// Pids and command lines of what looks like any kind and is nobody's.
fn candidates(owners: &Owners) -> Vec<(i32, String)> {
    let mut pids: Vec<i32> = proc::pids().collect();
    pids.sort_unstable();
    let command = |pid: i32| Some((pid, String::from_utf8_lossy(&figures::args(pid)?).into_owned()));
    let looks_like_any = |(_, command): &(i32, String)| KINDS.iter().any(|kind| kind.matches(command));
    let commands = pids.into_iter().filter_map(command).filter(looks_like_any);
    commands.filter(|(pid, _)| is_foreign(*pid, owners)).collect()
}

impl Kind {
    fn matches(&self, command: &str) -> bool {
        self.patterns.iter().any(|words| holds_in_order(command, words))
    }
}

/// Whether the words follow each other on one line, whatever stands between them.
fn holds_in_order(text: &str, words: &[&str]) -> bool {
    let line_does = |line: &str| {
        let after = |rest: Option<usize>, word: &&str| {
            let from = rest?;
            Some(from + line.get(from..)?.find(*word)? + word.len())
        };
        words.iter().fold(Some(0), after).is_some()
    };
    text.lines().any(line_does)
}

/// Neither ours nor a search for such processes; and it lives.
fn is_foreign(pid: i32, owners: &Owners) -> bool {
    let is_searched = |stat: &Stat| !stat.is_dead() && stat.comm != "grep";
    Stat::read(pid).is_some_and(|stat| is_searched(&stat))
        && !is_of_tsm(pid)
        && !proc::runs_our_executable(pid)
        && owners.record_of(pid).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_told_by_their_words() {
        let kinds = |command: &str| -> Vec<&str> {
            KINDS.iter().filter(|kind| kind.matches(command)).map(|kind| kind.name).collect()
        };
        assert_eq!(kinds("/usr/bin/node dist/server.js"), ["node"]);
        assert_eq!(kinds("npm run start"), ["node"]);
        assert_eq!(kinds("python3 -u -m http.server 80"), ["python"]);
        assert_eq!(kinds("python3 node server.py"), ["node", "python"]);
        assert_eq!(kinds("server node"), [""; 0]);
        assert_eq!(kinds("node x\nserver"), [""; 0]);
        assert_eq!(kinds("python3 http -m"), [""; 0]);
    }
}

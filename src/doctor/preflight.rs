//! What a start would meet: its command, its port, its environment file.

use std::fs;
use std::path::Path;

use super::owners::Owners;
use crate::config::Config;
use crate::error::Result;
use crate::ports::holders::Use;
use crate::ports::named::number;
use crate::registry::Registry;
use crate::sys::{dir, disk};

/// What is to be started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// The command as a shell reads it.
    pub command: String,
    /// Its port, whatever was given for one; empty for none.
    pub port: String,
    /// Its environment file; empty for none.
    pub env_file: String,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The first word of the command, and whether there is anything of that name to run.
    pub program: Option<(String, bool)>,
    /// The port.
    pub port: Option<PortState>,
    /// The environment file.
    pub env_file: Option<EnvState>,
    /// Bytes that can be written where the installation is.
    pub space: Option<u64>,
}

/// A port that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortState {
    /// As a number, if it is one.
    pub number: Option<u16>,
    /// Who has it.
    pub used: Option<Use>,
}

/// An environment file that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvState {
    /// There is no such file.
    Missing,
    /// It is not ours to read.
    Unreadable,
    /// It can be read.
    Readable {
        /// It holds values that somebody was to replace.
        has_placeholders: bool,
    },
}

/// Looks; starts nothing.
pub fn check(intent: &Intent, config: &Config, registry: &Registry) -> Result<Report> {
    let word = intent.command.split_ascii_whitespace().next();
    let port = Some(&intent.port).filter(|port| !port.is_empty());
    let env_file = Some(&intent.env_file).filter(|file| !file.is_empty());
    Ok(Report {
        program: word.map(|word| (word.to_owned(), is_command(word, config))),
        port: port.map(|text| port_state(text, registry)).transpose()?,
        env_file: env_file.map(|file| env_state(Path::new(file))),
        space: disk::space(config.layout.tetra()).ok().map(|space| space.available),
    })
}

fn port_state(text: &str, registry: &Registry) -> Result<PortState> {
    let number = number(text);
    let used = match number {
        Some(port) => Owners::read(registry)?.use_of(port),
        None => None,
    };
    Ok(PortState { number, used })
}

fn env_state(file: &Path) -> EnvState {
    if !file.is_file() {
        return EnvState::Missing;
    }
    let Ok(bytes) = fs::read(file) else { return EnvState::Unreadable };
    let has_placeholders = String::from_utf8_lossy(&bytes).lines().any(is_placeholder);
    EnvState::Readable { has_placeholders }
}

/// `your_…_here` or `your-…-name`
fn is_placeholder(line: &str) -> bool {
    let follows = |begin: &str, end: &str| {
        line.find(begin).and_then(|at| line.get(at + begin.len()..)).is_some_and(|rest| rest.contains(end))
    };
    follows("your_", "_here") || follows("your-", "-name")
}

/// Whether a shell would find something to run.
fn is_command(word: &str, config: &Config) -> bool {
    if word.contains('/') {
        return dir::is_executable(Path::new(word));
    }
    BUILTINS.split_ascii_whitespace().any(|builtin| builtin == word) || config.find_program(word).is_some()
}

/// What bash runs without looking for a program: its builtins and its keywords.
const BUILTINS: &str = "\
    ! . : [ [[ ]] alias bg bind break builtin caller case cd command compgen complete compopt continue
    coproc declare dirs disown do done echo elif else enable esac eval exec exit export false fc fg fi
    for function getopts hash help history if in jobs kill let local logout mapfile popd printf pushd
    pwd read readarray readonly return select set shift shopt source suspend test then time times trap
    true type typeset ulimit umask unalias unset until wait while { }";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_have_a_beginning_and_an_end() {
        let found = ["x=your_key_here", "your-app-name", "_here your_", "your_here", "your_key-name"];
        assert_eq!(found.map(is_placeholder), [true, true, false, false, false]);
    }
}

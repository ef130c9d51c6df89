//! The words of `tsm kill`: every target of one call is of one type.

use clap::Arg;

use super::super::{Words, usage};
use crate::error::{Error, Result};

/// What the targets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Id,
    Name,
    Port,
    Pid,
}

/// What the words say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Args {
    pub(super) force: bool,
    pub(super) by: By,
    pub(super) targets: Vec<String>,
}

/// Part of the interface: scripts have been seen to look for these lines.
pub(super) const HELP: &str = "\
Usage: tsm kill [OPTIONS] [TARGET...]

Kill one or more processes by various identifiers:
  --port PORT     Kill process using specific port
  --name NAME     Kill process by service name
  --id ID         Kill process by TSM ID
  --pid PID       Kill process by system PID
  --force         Force kill (SIGKILL instead of SIGTERM)

Examples:
  tsm kill --port 4000
  tsm kill --name devpages
  tsm kill --id 0
  tsm kill --pid 88224
  tsm kill 0              # Kill by TSM ID (default)
  tsm kill 0 1 2 3        # Kill multiple by TSM ID
  tsm kill devpages tetra # Kill multiple by name
";

pub(in crate::cli) fn catalog() -> clap::Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    clap::Command::new("kill")
        .about("Kill processes by id, name, port or pid, and forget them")
        .override_usage("tsm kill [OPTIONS] [TARGET...]")
        .arg(option("port", "PORT", "Whoever listens on this port, managed or not"))
        .arg(option("name", "NAME", "By name, or every NAME-*"))
        .arg(option("id", "ID", "By id"))
        .arg(option("pid", "PID", "By pid, managed or not"))
        .arg(Arg::new("force").long("force").short('f').num_args(0).help("SIGKILL at once"))
}

/// `None`: help is asked for. The last option decides what all targets are; a bare target decides only where none did.
pub(super) fn parse(mut words: Words) -> Result<Option<Args>> {
    let (mut force, mut by, mut targets) = (false, None, Vec::new());
    while let Some(word) = words.shift() {
        match word.as_str() {
            "--help" | "-h" => return Ok(None),
            "--force" | "-f" => force = true,
            option @ ("--port" | "--name" | "--id" | "--pid") => {
                by = Some(type_of(option));
                let missing = || refusal(&format!("option '{option}' requires a value"));
                targets.push(words.shift().ok_or_else(missing)?);
            }
            option if option.starts_with('-') => {
                return Err(refusal(&format!("unknown option '{option}'")));
            }
            _ => {
                by = by.or(Some(guess(&word)));
                targets.push(word);
            }
        }
    }
    match by {
        Some(by) => Ok(Some(Args { force, by, targets })),
        None => Err(refusal("kill target required")),
    }
}

fn type_of(option: &str) -> By {
    match option {
        "--port" => By::Port,
        "--name" => By::Name,
        "--id" => By::Id,
        _ => By::Pid,
    }
}

fn guess(word: &str) -> By {
    let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { By::Id } else { By::Name }
}

fn refusal(what: &str) -> Error {
    usage(format!("tsm: {what}\nUse 'tsm kill --help' for usage information"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Option<Args>> {
        parse(Words::new(words.iter().map(Into::into)))
    }

    fn targets(words: &[&str]) -> (By, Vec<String>) {
        let args = parsed(words).unwrap().unwrap();
        (args.by, args.targets)
    }

    #[test]
    fn one_type_goes_for_all_targets() {
        assert_eq!(targets(&["3", "web"]), (By::Id, vec!["3".into(), "web".into()]));
        assert_eq!(targets(&["web", "3"]), (By::Name, vec!["web".into(), "3".into()]));
        assert_eq!(targets(&["--id", "0", "--name", "c"]), (By::Name, vec!["0".into(), "c".into()]));
        assert_eq!(targets(&["web", "--port", "--x"]), (By::Port, vec!["web".into(), "--x".into()]));
        assert_eq!(targets(&[""]), (By::Name, vec![String::new()]));
    }

    #[test]
    fn help_ends_the_reading() {
        assert_eq!(parsed(&["x", "-h", "--frob"]).unwrap(), None);
    }

    #[test]
    fn refusals_point_to_the_help() {
        for (words, text) in [
            (&[][..], "tsm: kill target required"),
            (&["-f"], "tsm: kill target required"),
            (&["0", "-x"], "tsm: unknown option '-x'"),
            (&["--pid"], "tsm: option '--pid' requires a value"),
        ] {
            let error = parsed(words).unwrap_err();
            let expected = format!("{text}\nUse 'tsm kill --help' for usage information");
            assert_eq!((error.to_string(), error.code()), (expected, 64));
        }
    }
}

//! The words of `stop`, `restart` and `delete`: options anywhere, then targets.

use super::{Words, usage};
use crate::error::Result;

/// The words themselves, for the catalogue.
pub(super) fn catalog(value_name: &'static str) -> clap::Arg {
    clap::Arg::new("target")
        .value_name(value_name)
        .num_args(1..)
        .required(true)
        .help("One or several processes; '*' is all of them")
}

/// What the words say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Targets {
    /// `--force`
    pub(super) force: bool,
    /// Each a word to be resolved, or `*`.
    pub(super) words: Vec<String>,
}

/// The target that means every process.
pub(super) const ALL: &str = "*";

/// `command` is named in the refusals.
pub(super) fn parse(command: &str, mut words: Words) -> Result<Targets> {
    let mut targets = Targets { force: false, words: Vec::new() };
    while let Some(word) = words.shift() {
        match word.as_str() {
            "--force" | "-f" => targets.force = true,
            option if option.starts_with('-') => {
                return Err(usage(format!("tsm: unknown option '{option}'")));
            }
            _ => targets.words.push(word),
        }
    }
    if targets.words.is_empty() {
        return Err(usage(format!("tsm: {command} requires a process name or ID")));
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Targets> {
        parse("stop", Words::new(words.iter().map(Into::into)))
    }

    #[test]
    fn force_stands_anywhere() {
        let expected = Targets { force: true, words: vec!["a".into(), "*".into()] };
        assert_eq!(parsed(&["a", "-f", "*"]).unwrap(), expected);
        assert_eq!(parsed(&["a", "*", "--force"]).unwrap(), expected);
    }

    #[test]
    fn a_target_is_required_and_other_options_are_refused() {
        for (words, text) in [
            (&[][..], "tsm: stop requires a process name or ID"),
            (&["-f"], "tsm: stop requires a process name or ID"),
            (&["a", "--frob"], "tsm: unknown option '--frob'"),
            (&["-"], "tsm: unknown option '-'"),
        ] {
            let error = parsed(words).unwrap_err();
            assert_eq!((error.to_string().as_str(), error.code()), (text, 64));
        }
    }
}

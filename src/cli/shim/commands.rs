//! Commands whose words the functions give in an order of their own.

use std::ffi::OsString;

use super::super::{delete, restart, start, stop};
use super::{Context, Words};
use crate::error::Result;
use crate::lifecycle;

/// `NAME`: a service, or else a command, as `start NAME` without its first line.
pub(super) fn start_service(words: Words, cx: &mut Context) -> Result<u8> {
    start::run_quietly(words, cx)
}

/// The words of `start`, and `--json`, which says nothing.
pub(super) fn start_command(words: Words, cx: &mut Context) -> Result<u8> {
    start::run(Words::new(words.rest().into_iter().filter(|word| word != "--json")), cx)
}

/// `SCRIPT [NAME] [ENV]`
pub(super) fn start_script(mut words: Words, cx: &mut Context) -> Result<u8> {
    let [script, name, env] = [(); 3].map(|()| words.shift_raw());
    start::run(spelled([("--env", env), ("--name", name)], script), cx)
}

/// `COMMAND [ENV] [PORT] [NAME]`
pub(super) fn start_any(mut words: Words, cx: &mut Context) -> Result<u8> {
    let [command, env, port, name] = [(); 4].map(|()| words.shift_raw());
    let command = command.unwrap_or_default();
    start::run(spelled([("--env", env), ("--port", port), ("--name", name)], Some(command)), cx)
}

pub(super) fn stop(words: Words, cx: &mut Context) -> Result<u8> {
    stop::run(single(words), cx)
}

pub(super) fn delete(words: Words, cx: &mut Context) -> Result<u8> {
    delete::run(single(words), cx)
}

pub(super) fn restart(words: Words, cx: &mut Context) -> Result<u8> {
    restart::run(single(words), cx)
}

/// Cleans up, says nothing, and always succeeds.
pub(super) fn patrol(_words: Words, cx: &mut Context) -> Result<u8> {
    lifecycle::sweep(&cx.registry)?;
    Ok(0)
}

/// Options that have a value, then the last word.
fn spelled<const N: usize>(options: [(&str, Option<OsString>); N], last: Option<OsString>) -> Words {
    let given = options.into_iter().filter_map(|(option, value)| Some((option, value?)));
    let given = given.filter(|(_, value)| !value.is_empty());
    Words::new(given.flat_map(|(option, value)| [option.into(), value]).chain(last))
}

/// `TARGET [force]`, where any of four words means force and any other nothing.
fn single(mut words: Words) -> Words {
    let (target, force) = (words.shift_raw(), words.shift());
    let force = force.filter(|word| ["true", "force", "--force", "-f"].contains(&word.as_str()));
    Words::new(force.map(|_| "--force".into()).into_iter().chain(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Words {
        Words::new(words.iter().map(Into::into))
    }

    #[test]
    fn a_second_word_may_mean_force() {
        for force in ["true", "force", "--force", "-f"] {
            assert_eq!(single(words(&["web", force])).rest(), ["--force", "web"]);
        }
        for other in [&["web"][..], &["web", "false"], &["web", ""], &["web", "x", "force"]] {
            assert_eq!(single(words(other)).rest(), ["web"]);
        }
        assert_eq!(single(words(&[])).rest(), [""; 0]);
    }

    #[test]
    fn only_options_with_a_value_are_given() {
        let option = |text: &str| Some(OsString::from(text));
        let all = spelled([("--env", option("dev")), ("--name", option("web"))], option("./x.sh"));
        assert_eq!(all.rest(), ["--env", "dev", "--name", "web", "./x.sh"]);
        assert_eq!(spelled([("--env", option("")), ("--name", None)], None).rest(), [""; 0]);
    }
}

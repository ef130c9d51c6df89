//! From the words of `tsm start` to what is to run: type, interpreter, port, name, and the script that becomes it.

mod attempt;
mod env_file;
mod interpreter;
mod kind;
mod listen;
mod name;
mod port;

pub use attempt::{Attempt, Launched, Refusal, Verdict, launch, make_places};
pub use env_file::{digits as declared_digits, expand as expand_env_file};
pub use interpreter::find as interpreter;
pub use kind::{detect as kind_of, quoted};
pub use listen::{Blocker, Look, blocker};
pub use name::{base as base_name, full as full_name, without_number};
pub use port::{digits_in, parse as parse_port};

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::Map;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::registry::{Spec, is_valid_name};
use port::Declared;

/// What a caller asks for. An empty option counts as one that was not given.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The words, joined by single spaces.
    pub command: OsString,
    /// `--env`.
    pub env_file: Option<OsString>,
    /// `--port`.
    pub port: Option<OsString>,
    /// `--name`.
    pub name: Option<OsString>,
    /// Where the caller is. Absolute.
    pub cwd: PathBuf,
    /// Seconds since the epoch: the end of the name of a process without a port.
    pub epoch: i64,
}

/// The name and the port that a request gets. The name may be an invalid one.
pub fn name_and_port(request: &Request) -> Result<(String, Option<u16>)> {
    let command = request.command.to_string_lossy();
    let port = match port::declared(given(&request.port))? {
        Declared::Port(port) => Some(port),
        Declared::Without => None,
        Declared::Unsaid => env_file(request)
            .and_then(|file| env_file::port(&request.cwd.join(file)))
            .or_else(|| port::in_command(&command)),
    };
    let base = match given(&request.name) {
        Some(name) => name.to_string_lossy(),
        None => name::base(&command).into(),
    };
    Ok((name::full(&base, port, request.epoch), port))
}

/// Decides everything about a start that can be decided before one.
pub fn spec(request: &Request, config: &Config) -> Result<Spec> {
    let (name, port) = name_and_port(request)?;
    let refuse = |reason: &str| Error::StartFailed { name: name.clone(), reason: reason.to_owned() };
    if !is_valid_name(&name) || given(&request.name).is_some_and(|base| base.to_str().is_none()) {
        return Err(refuse("invalid name"));
    }
    let text = |text: OsString| text.into_string().map_err(|_| refuse("not UTF-8"));
    let command = text(request.command.clone())?;
    let cwd = text(request.cwd.clone().into_os_string())?;
    let env_file = env_file(request).map(text).transpose()?;
    let kind = kind::detect(&command);
    let interpreter = interpreter::find(kind, config, &request.cwd);
    let command = match &interpreter {
        Some(interpreter) => kind::rewrite(&command, interpreter),
        None => command,
    };
    Ok(Spec { name, port, command, cwd, env_file, kind, interpreter, service: None, others: Map::new() })
}

fn env_file(request: &Request) -> Option<OsString> {
    given(&request.env_file).map(|value| env_file::expand(value))
}

fn given(option: &Option<OsString>) -> Option<&OsString> {
    option.as_ref().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::ffi::OsStringExt as _;

    use proptest::prelude::*;

    use super::*;
    use crate::registry::Kind;

    const EPOCH: i64 = 1_795_384_771;

    fn request(command: &str) -> Request {
        Request { command: command.into(), cwd: "/w".into(), epoch: EPOCH, ..Request::default() }
    }

    fn not_utf8() -> OsString {
        OsString::from_vec(b"bad\xff".to_vec())
    }

    fn refusal(request: &Request) -> String {
        let temp = tempfile::tempdir().unwrap();
        spec(request, &crate::testing::config(temp.path())).unwrap_err().to_string()
    }

    #[test]
    fn plain_command_is_taken_as_it_is() {
        let temp = tempfile::tempdir().unwrap();
        let spec = spec(&request("./bin/serve.sh.x -v"), &crate::testing::config(temp.path())).unwrap();
        assert_eq!(
            spec,
            Spec {
                name: format!("serve.sh.x-{EPOCH}"),
                port: None,
                command: "./bin/serve.sh.x -v".into(),
                cwd: "/w".into(),
                env_file: None,
                kind: Kind::Command,
                interpreter: None,
                service: None,
                others: Map::new(),
            }
        );
    }

    #[test]
    fn interpreter_replaces_its_word_and_the_port_comes_from_the_text_as_typed() {
        let temp = tempfile::tempdir().unwrap();
        let config = crate::testing::config(temp.path());
        crate::testing::executable(&temp.path().join("bin/python3"), "");
        let python = temp.path().join("bin/python3").display().to_string();
        let request = Request {
            name: Some("web".into()),
            env_file: Some("dev".into()),
            ..request("python3 -m h 7771")
        };
        let spec = spec(&request, &config).unwrap();
        assert_eq!((spec.name.as_str(), spec.port, spec.kind), ("web-7771", Some(7771), Kind::Python));
        assert_eq!(spec.command, format!("{python} -m h 7771"));
        assert_eq!(spec.interpreter, Some(python));
        assert_eq!(spec.env_file.as_deref(), Some("env/dev.env"), "recorded though it does not exist");
    }

    #[test]
    fn port_comes_from_the_option_then_the_env_file_then_the_command() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("env")).unwrap();
        fs::write(temp.path().join("env/b.env"), "export PORT=5003\n").unwrap();
        let name = |port: Option<&str>, env: Option<&str>, command: &str| {
            let request = Request {
                port: port.map(Into::into),
                env_file: env.map(Into::into),
                cwd: temp.path().to_owned(),
                ..request(command)
            };
            name_and_port(&request).unwrap().0
        };
        let portless = format!("sleep-{EPOCH}");
        assert_eq!(name(Some("6000"), Some("b"), "sleep 10000"), "sleep-6000");
        assert_eq!(name(Some("none"), Some("b"), "sleep 10000"), portless);
        assert_eq!(name(Some(""), Some("b"), "sleep 10000"), "sleep-5003");
        assert_eq!(name(None, Some(""), "sleep 10000"), "sleep-10000");
        assert_eq!(name(None, Some("missing"), "sleep 10000"), "sleep-10000");
        assert_eq!(name(None, None, "sleep 300"), portless);
    }

    #[test]
    fn invalid_names_are_refused_before_anything_runs() {
        for (name, shown) in [("a/b", "a/b-6003"), ("../evil", "../evil-6003"), (".x", ".x-6003")] {
            let request =
                Request { name: Some(name.into()), port: Some("6003".into()), ..request("sleep 9") };
            assert_eq!(refusal(&request), format!("❌ Failed to start: {shown} (invalid name)"));
        }
        let request = Request { name: Some(not_utf8()), port: Some("1".into()), ..request("sleep") };
        assert_eq!(refusal(&request), "❌ Failed to start: bad\u{fffd}-1 (invalid name)");
    }

    #[test]
    fn what_cannot_stand_in_a_record_is_refused() {
        let named = Request { name: Some("n".into()), port: Some("1".into()), ..request("sleep") };
        for request in [
            Request { command: not_utf8(), ..named.clone() },
            Request { env_file: Some(not_utf8()), ..named.clone() },
            Request { cwd: not_utf8().into(), ..named.clone() },
        ] {
            assert_eq!(refusal(&request), "❌ Failed to start: n-1 (not UTF-8)");
        }
        let unnamed = Request { command: not_utf8(), name: None, ..named };
        assert_eq!(refusal(&unnamed), "❌ Failed to start: bad\u{fffd}-1 (not UTF-8)");
    }

    #[test]
    fn a_wrong_port_is_refused_first() {
        let request = Request { port: Some("abc".into()), name: Some("a/b".into()), ..request("sleep") };
        assert_eq!(refusal(&request), "tsm: invalid port 'abc'");
    }

    proptest! {
        #[test]
        fn any_text_gets_a_name_or_a_refusal(command: String, name: Option<String>, port: Option<String>) {
            let request = Request {
                name: name.map(Into::into),
                port: port.map(Into::into),
                ..request(&command)
            };
            match name_and_port(&request) {
                Ok((name, port)) => {
                    let suffix = port.map_or(EPOCH, i64::from).to_string();
                    prop_assert!(name.strip_suffix(&suffix).is_some_and(|rest| rest.ends_with('-')));
                }
                Err(error) => prop_assert_eq!(error.code(), 64),
            }
        }
    }
}

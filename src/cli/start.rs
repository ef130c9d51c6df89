//! `tsm start [--env FILE] [--port PORT] [--name NAME] WORD...`: start a command, or a service, and watch over it.

use std::ffi::{OsStr, OsString};

use clap::Arg;

use super::{Context, Words, started, startup, usage};
use crate::config;
use crate::error::{Error, Result};
use crate::launch::{self, Request};
use crate::lifecycle;
use crate::services::{self, Reuse, Step};
use crate::sys::clock;

const USAGE: &str = "tsm start [--env FILE] [--port PORT] [--name NAME] <command> [args...]";

/// What the words say. An option with an empty value was not given.
#[derive(Debug, Default, PartialEq)]
struct Args {
    env: Option<OsString>,
    port: Option<OsString>,
    name: Option<OsString>,
    words: Vec<OsString>,
}

impl Args {
    /// The first word, if it names a service: then the others mean nothing.
    fn service(&self, cx: &Context) -> Option<&str> {
        self.first().to_str().filter(|word| services::exists(word, &cx.config.layout))
    }

    fn first(&self) -> &OsStr {
        self.words.first().map(OsString::as_os_str).unwrap_or_default()
    }

    /// The text that a shell will evaluate.
    fn command(&self) -> OsString {
        self.words.join(OsStr::new(" "))
    }
}

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("start")
        .about("Start a command and watch over it")
        .override_usage(USAGE)
        .arg(
            Arg::new("env")
                .long("env")
                .value_name("FILE")
                .help("Source this file first; NAME means env/NAME.env"),
        )
        .arg(Arg::new("port").long("port").value_name("PORT").help("The port it will listen on, or none"))
        .arg(Arg::new("name").long("name").value_name("NAME").help("Its name, before the port"))
        .arg(Arg::new("debug").long("debug").num_args(0).help("Accepted for old callers; does nothing"))
        .arg(
            Arg::new("command")
                .value_name("command")
                .num_args(1..)
                .help("A command line; its words are joined by single spaces"),
        )
}

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let args = parse(words)?;
    if let Some(service) = args.service(cx) {
        cx.io.say(format_args!("🚀 Starting service: {service}"));
        return start_service(service, cx);
    }
    start_command(args, cx)
}

/// As [`run`], but of a service it only says what comes of it.
pub(super) fn run_quietly(words: Words, cx: &mut Context) -> Result<u8> {
    let args = parse(words)?;
    match args.service(cx) {
        Some(service) => start_service(service, cx),
        None => start_command(args, cx),
    }
}

fn start_command(args: Args, cx: &mut Context) -> Result<u8> {
    let request = Request {
        command: args.command(),
        env_file: args.env,
        port: args.port,
        name: args.name,
        cwd: config::current_dir().map_err(Error::system("find the current directory"))?,
        epoch: clock::epoch(),
    };
    let spec = launch::spec(&request, &cx.config)?;
    let started = lifecycle::start(spec, &cx.config, &cx.registry)?;
    Ok(if started::report(&started, &mut cx.io) { 0 } else { 1 })
}

fn start_service(service: &str, cx: &mut Context) -> Result<u8> {
    let (io, mut code) = (&mut cx.io, 0);
    let names = [service.to_owned()];
    services::start(&names, Reuse::OfName, &cx.config, &cx.registry, &mut |service, step| {
        if let Step::Reply(asked, reply) = step
            && startup::tell(service, asked, &reply, io) == Some(false)
        {
            code = 1;
        }
    })?;
    Ok(code)
}

/// Options stand anywhere, also behind the command's first word. Whatever else begins with `--` is refused, `--` too.
fn parse(mut words: Words) -> Result<Args> {
    let mut args = Args::default();
    while let Some(word) = words.shift_raw() {
        match word.to_str() {
            Some(option @ "--env") => args.env = value(option, &mut words)?,
            Some(option @ "--port") => args.port = value(option, &mut words)?,
            Some(option @ "--name") => args.name = value(option, &mut words)?,
            Some("--debug") => {}
            _ if word.as_encoded_bytes().starts_with(b"--") => {
                return Err(usage(format!("tsm: unknown option '{}'", word.display())));
            }
            _ => args.words.push(word),
        }
    }
    match args.words.as_slice() {
        [] => Err(usage(format!("tsm: command required\nUsage: {USAGE}"))),
        [word] if word.is_empty() => Err(usage("tsm: command required")),
        _ => Ok(args),
    }
}

/// The next word, whatever it is; an empty one takes back what an earlier option said.
fn value(option: &str, words: &mut Words) -> Result<Option<OsString>> {
    match words.shift_raw() {
        Some(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        None => Err(usage(format!("tsm: option '{option}' requires a value"))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    fn args(words: &[&str]) -> Result<Args> {
        parse(Words::new(words.iter().map(Into::into)))
    }

    fn refusal(words: &[&str]) -> String {
        let error = args(words).unwrap_err();
        assert_eq!(error.code(), 64);
        error.to_string()
    }

    fn command(words: &[&str]) -> OsString {
        args(words).unwrap().command()
    }

    #[test]
    fn options_stand_anywhere() {
        let expected = Args {
            env: Some("dev".into()),
            port: Some("7771".into()),
            name: Some("web".into()),
            words: ["python3", "-m", "x"].map(Into::into).into(),
        };
        for words in [
            ["--env", "dev", "--port", "7771", "--name", "web", "python3", "-m", "x"],
            ["python3", "--name", "web", "-m", "--env", "dev", "x", "--port", "7771"],
        ] {
            assert_eq!(args(&words).unwrap(), expected);
        }
    }

    #[test]
    fn option_takes_the_next_word_whatever_it_is() {
        let args = args(&["x", "--env", "--port", "--name", "--debug", "--port", "--"]).unwrap();
        assert_eq!((args.env.unwrap(), args.name.unwrap()), ("--port".into(), "--debug".into()));
        assert_eq!(args.port.unwrap(), "--", "refused later, by its value");
    }

    #[test]
    fn last_option_wins_and_an_empty_one_was_not_given() {
        let args =
            args(&["x", "--port", "1", "--port", "2", "--env", "", "--name", "a", "--name", ""]).unwrap();
        assert_eq!((args.port, args.env, args.name), (Some("2".into()), None, None));
    }

    #[test]
    fn words_are_joined_by_single_spaces() {
        assert_eq!(command(&["--debug", "sleep", "300", "-x", "-"]), "sleep 300 -x -");
        assert_eq!(command(&["bash  -c 'a  b'"]), "bash  -c 'a  b'");
        assert_eq!(command(&["a", "", "b"]), "a  b");
        assert_eq!(args(&["web", "x"]).unwrap().first(), "web");
    }

    #[test]
    fn other_long_options_are_unknown() {
        assert_eq!(refusal(&["node", "x.js", "--verbose"]), "tsm: unknown option '--verbose'");
        assert_eq!(refusal(&["--port=3", "x"]), "tsm: unknown option '--port=3'");
        assert_eq!(refusal(&["x", "--", "y"]), "tsm: unknown option '--'");
        assert_eq!(refusal(&["--help"]), "tsm: unknown option '--help'");
    }

    #[test]
    fn first_refusal_of_the_pass_is_the_one_said() {
        assert_eq!(refusal(&["--port", "abc", "--x"]), "tsm: unknown option '--x'");
        assert_eq!(refusal(&["--x", "--port"]), "tsm: unknown option '--x'");
        assert_eq!(refusal(&["--port"]), "tsm: option '--port' requires a value");
        assert_eq!(refusal(&["sleep", "5", "--env"]), "tsm: option '--env' requires a value");
        assert_eq!(refusal(&["", "--name"]), "tsm: option '--name' requires a value");
    }

    #[test]
    fn command_is_required() {
        let both = format!("tsm: command required\nUsage: {USAGE}");
        assert_eq!(refusal(&[]), both);
        assert_eq!(refusal(&["--port", "abc"]), both);
        assert_eq!(refusal(&["--debug", ""]), "tsm: command required");
    }

    #[test]
    fn words_need_not_be_text() {
        let raw = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let args = parse(Words::new([raw(b"a\xff"), raw(b"b")])).unwrap();
        assert_eq!(args.command(), raw(b"a\xff b"));
        let error = parse(Words::new([raw(b"--\xff")])).unwrap_err();
        assert_eq!(error.to_string(), "tsm: unknown option '--\u{fffd}'");
    }

    #[test]
    fn catalogue_entry_is_sound() {
        catalog().debug_assert();
    }
}

//! `tsm logs [--lines N] [-f] TARGET`: the last lines of a process's output, and with `-f` its growth.

use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction};

use super::io::Io;
use super::{Context, PIPE_CLOSED, Words, usage};
use crate::error::{Error, Result};
use crate::layout::Stream;
use crate::logs::follow::Follower;
use crate::logs::tail::{self, Lines};
use crate::registry::{self, Record};
use crate::sys::{regular, signal};

const USAGE: &str = "tsm: logs <process|id|*> [--lines N] [-f|--follow]";
const EVERY: &str = "*";
const DEFAULT_LINES: &str = "50";

#[derive(Debug, PartialEq, Eq)]
struct Args {
    target: String,
    lines: String,
    follow: bool,
}

pub(super) fn catalog() -> clap::Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    clap::Command::new("logs")
        .about("Show what a process has written, and follow it")
        .override_usage("tsm logs <process|id|*> [--lines N] [-f|--follow]")
        .arg(Arg::new("target").value_name("process|id|*").help("Which process; * for every one"))
        .arg(
            Arg::new("lines")
                .short('n')
                .long("lines")
                .alias("tail")
                .value_name("N")
                .help("The last N lines (default 50); +N: all from line N on"),
        )
        .arg(flag("follow").short('f').help("Go on with every new line"))
        .arg(flag("nostream").help("Do not follow"))
}

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let args = parse(words)?;
    if args.target == EVERY {
        return run_every(&args, cx);
    }
    let record = registry::resolve(&args.target, &cx.registry)?;
    if args.follow {
        return follow(record.name(), log_paths(&record, cx), &args, cx);
    }
    show(&record, &args, cx)
}

fn parse(mut words: Words) -> Result<Args> {
    let mut args = Args { target: String::new(), lines: String::new(), follow: false };
    while let Some(word) = words.shift() {
        match word.as_str() {
            "--lines" | "-n" | "--tail" => {
                let missing = || usage("tsm: option '--lines' requires a value");
                args.lines = words.shift().ok_or_else(missing)?;
            }
            "-f" | "--follow" => args.follow = true,
            "--nostream" => args.follow = false,
            flag if flag.starts_with('-') => {
                return Err(usage(format!("tsm: unknown flag '{flag}' for logs command")));
            }
            _ if args.target.is_empty() => args.target = word,
            second => return Err(usage(format!("tsm: unexpected argument '{second}'"))),
        }
    }
    if args.target.is_empty() {
        return Err(usage(USAGE));
    }
    if args.lines.is_empty() {
        DEFAULT_LINES.clone_into(&mut args.lines);
    }
    Ok(args)
}

fn run_every(args: &Args, cx: &mut Context) -> Result<u8> {
    let records = cx.registry.records()?;
    if args.follow && !records.is_empty() {
        let paths = records.iter().flat_map(|record| log_paths(record, cx)).collect();
        return follow(EVERY, paths, args, cx);
    }
    let mut code = 0;
    for record in &records {
        cx.io.line(format_args!("==> {} (ID: {}) <==", record.name(), record.tsm_id()));
        if let Err(error) = show(record, args, cx) {
            cx.io.failure(&error);
            code = error.code();
        }
        cx.io.line("");
    }
    Ok(code)
}

fn log_paths(record: &Record, cx: &Context) -> Vec<PathBuf> {
    Stream::BOTH.map(|stream| record.log(stream, &cx.config.layout).into()).into()
}

fn show(record: &Record, args: &Args, cx: &mut Context) -> Result<u8> {
    let name = record.name();
    let paths = log_paths(record, cx);
    if !paths.iter().any(|path| path.is_file()) {
        cx.io.line(format_args!("tsm: no logs found for '{name}'"));
        return Ok(0);
    }
    cx.io.line(format_args!("--- Logs for {name} (Last {} lines) ---", args.lines));
    let lines = Lines::parse(&args.lines);
    for (title, path) in ["STDOUT", "STDERR"].iter().zip(&paths).filter(|(_, path)| path.is_file()) {
        cx.io.line(format_args!("=== {title} ==="));
        if let Some(lines) = lines {
            show_file(path, lines, &mut cx.io)?;
        }
    }
    Ok(u8::from(lines.is_none()))
}

fn show_file(path: &Path, lines: Lines, io: &mut Io) -> Result<()> {
    let copied = (|| match regular::open(path)? {
        Some(file) => tail::copy(&file, tail::find(&file, lines)?, &mut |bytes| io.piece(bytes)).map(drop),
        None => Ok(()),
    })();
    if io.is_closed() { Ok(()) } else { copied.map_err(Error::file("read", path)) }
}

fn follow(title: &str, paths: Vec<PathBuf>, args: &Args, cx: &mut Context) -> Result<u8> {
    cx.io.say(format_args!("Following logs for '{title}' (Ctrl-C to exit)..."));
    let Some(lines) = Lines::parse(&args.lines).filter(|_| paths.iter().any(|path| path.is_file())) else {
        return Ok(1);
    };
    signal::exit_on_interrupt().map_err(Error::system("catch signals"))?;
    let mut headings = Headings { io: &mut cx.io, shown: None };
    let mut sink = |path: &Path, bytes: &[u8]| headings.piece(path, bytes);
    let mut follower = Follower::new(paths);
    follower
        .begin(lines, &mut sink)
        .and_then(|()| follower.run(io::stdout().as_fd(), &mut sink))
        .or_else(|error| if cx.io.is_closed() { Ok(()) } else { Err(error) })?;
    Ok(PIPE_CLOSED)
}

/// Several files on one stdout: a heading wherever the file changes.
struct Headings<'a> {
    io: &'a mut Io,
    shown: Option<PathBuf>,
}

impl Headings<'_> {
    fn piece(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if self.shown.as_deref() != Some(path) {
            let gap = if self.shown.is_some() { "\n" } else { "" };
            self.io.line(format_args!("{gap}==> {} <==", path.display()));
            self.shown = Some(path.to_owned());
        }
        self.io.piece(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Args, String> {
        parse(Words::new(words.iter().map(Into::into))).map_err(|error| error.to_string())
    }

    fn args(target: &str, lines: &str, follow: bool) -> Result<Args, String> {
        Ok(Args { target: target.into(), lines: lines.into(), follow })
    }

    #[test]
    fn words_come_in_any_order_and_the_last_one_counts() {
        assert_eq!(parsed(&["web"]), args("web", "50", false));
        assert_eq!(parsed(&["-n", "5", "web", "-f"]), args("web", "5", true));
        assert_eq!(parsed(&["--follow", "--tail", "+5", "web", "--lines", "-1"]), args("web", "-1", true));
        assert_eq!(parsed(&["-f", "--nostream", "web", "--lines", ""]), args("web", "50", false));
        assert_eq!(parsed(&["--nostream", "*", "-f"]), args("*", "50", true));
        assert_eq!(parsed(&["", "web"]), args("web", "50", false));
        assert_eq!(parsed(&["web", "--lines", "-f"]), args("web", "-f", false));
    }

    #[test]
    fn wrong_words_are_refused() {
        for words in [&[][..], &[""], &["-f"]] {
            assert_eq!(parsed(words), Err(USAGE.into()));
        }
        for flag in ["-z", "--", "-", "-nf", "--lines=5"] {
            assert_eq!(parsed(&[flag]), Err(format!("tsm: unknown flag '{flag}' for logs command")));
        }
        assert_eq!(parsed(&["a", "b"]), Err("tsm: unexpected argument 'b'".into()));
        for option in ["--lines", "-n", "--tail"] {
            assert_eq!(parsed(&["x", option]), Err("tsm: option '--lines' requires a value".into()));
        }
    }
}

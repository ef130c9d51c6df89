//! `tsm completion bash|zsh|fish`: the script that a shell has to source.

use super::{Context, Words, usage};
use crate::error::Result;

const USAGE: &str = "Usage: tsm completion bash|zsh|fish";

const BASH: &str = include_str!("../../compat/completions/tsm.bash");
const ZSH: &str = include_str!("../../compat/completions/tsm.zsh");
const FISH: &str = include_str!("../../compat/completions/tsm.fish");

pub(super) fn catalog() -> clap::Command {
    let help =
        "bash: source it; zsh: source it, or put it on fpath as _tsm; fish: put it in completions/tsm.fish";
    clap::Command::new("completion")
        .about("Print the completion script of a shell")
        .override_usage("tsm completion bash|zsh|fish")
        .arg(clap::Arg::new("shell").value_name("shell").required(true).help(help))
}

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let script = match words.shift().as_deref() {
        Some("bash") => BASH,
        Some("zsh") => ZSH,
        Some("fish") => FISH,
        _ => return Err(usage(USAGE)),
    };
    cx.io.bytes(script.as_bytes());
    Ok(0)
}

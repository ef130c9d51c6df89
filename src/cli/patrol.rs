//! `tsm patrol`: clean up after dead processes, and give living ones that lost their supervisor a new one.

use serde_json::json;

use super::{Context, Io, Words};
use crate::error::Result;
use crate::lifecycle::{self, Swept};

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("patrol")
        .about("Clean up after processes that died; the exit code is their number")
        .override_usage("tsm patrol [--json]")
        .arg(clap::Arg::new("json").long("json").num_args(0).help("One line of JSON, exit code 0"))
}

/// The first word is ignored, a second one other than `true` asks for silence.
pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let words: Vec<String> = std::iter::from_fn(|| words.shift()).collect();
    if words.iter().any(|word| word == "--json") {
        let swept = lifecycle::sweep(&cx.registry)?;
        let names: Vec<&str> = swept.iter().map(Swept::name).collect();
        cx.io.line(json!({ "restarted": [], "cleaned": names }));
        return Ok(0);
    }
    let shows = words.get(1).is_none_or(|word| word == "true");
    let is_new = !cx.registry.exists();
    let swept = lifecycle::sweep(&cx.registry)?;
    if shows {
        tell(&swept, is_new, &mut cx.io);
    }
    Ok(u8::try_from(swept.len()).unwrap_or(u8::MAX))
}

fn tell(swept: &[Swept], is_new: bool, io: &mut Io) {
    io.line("🚨 TSM Patrol: Checking for stale processes...");
    if is_new {
        io.line("✅ No process tracking directory");
        return;
    }
    for swept in swept {
        match swept {
            Swept::Invalid(name) => io.line(format_args!("🧹 Cleaning invalid process file: {name}")),
            Swept::Stale { name, pid } => {
                let pid = pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
                io.line(format_args!("🧹 Cleaning stale process: {name} (PID {pid})"));
            }
        }
    }
    if swept.is_empty() {
        io.line("✅ No stale processes found");
    } else {
        io.line(format_args!("✅ Cleaned up {} stale processes", swept.len()));
    }
}

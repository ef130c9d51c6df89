//! `plan.jsonl`: first what for and what will be said, then a line for each step.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};

use serde::{Deserialize, Serialize};

use super::write_line;
use crate::migrate::plan::Plan;
use crate::migrate::report::Report;
use crate::migrate::step::{Phase, Step};
use crate::sys::clock;

/// Of all files in `runtime/migrate`, and of the layout that they speak of.
pub const VERSION: u32 = 1;

/// What is done by the steps of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The new layout is made.
    Migrate {
        /// The migration before it, which stands as long as this one does.
        after: Option<String>,
        /// Names of the JSON records that were there already.
        present: Vec<String>,
    },
    /// The old one is put back, by the steps of a migration in reverse.
    RollBack {
        /// Of that migration.
        of: String,
    },
}

/// The first line of `plan.jsonl`.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    id: String,
    time: i64,
    purpose: Purpose,
    report: Report,
}

/// Every other line of it.
#[derive(Serialize, Deserialize)]
struct Line {
    phase: Phase,
    #[serde(flatten)]
    step: Step,
}

/// A migration that was begun, as its directory tells it.
#[derive(Debug)]
pub struct Recorded {
    /// What for.
    pub purpose: Purpose,
    /// What it does, and says.
    pub plan: Plan,
}

/// Writes it.
pub(super) fn write(file: &mut File, id: &str, purpose: &Purpose, plan: &Plan) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    let head = Head {
        version: VERSION,
        id: id.to_owned(),
        time: clock::epoch(),
        purpose: purpose.clone(),
        report: plan.report.clone(),
    };
    write_line(&mut out, &head)?;
    for (phase, step) in plan.steps() {
        write_line(&mut out, &Line { phase, step: step.clone() })?;
    }
    out.flush()
}

/// Reads it. Fails for one that a later version of tsm wrote.
pub(super) fn read(file: File) -> io::Result<Recorded> {
    let mut lines = BufReader::new(file).lines();
    let head: Head = serde_json::from_str(&lines.next().ok_or(io::ErrorKind::UnexpectedEof)??)?;
    if head.version > VERSION {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let mut steps: BTreeMap<Phase, Vec<Step>> = BTreeMap::new();
    for line in lines {
        let Line { phase, step } = serde_json::from_str(&line?)?;
        steps.entry(phase).or_default().push(step);
    }
    Ok(Recorded { purpose: head.purpose, plan: Plan { report: head.report, steps } })
}

//! The records that older versions wrote, one file per format. Parsers take bytes and give an [`Old`] or the reason why
//! not; they open nothing, and nothing that they read is executed, expanded or believed to be what it says.

pub mod directory;
pub mod env_snapshot;
pub mod extensionless;
pub mod meta;
pub mod tcs;

mod assignments;
mod filler;
mod json;
mod lines;
mod marks;
mod number;
mod one_line;
mod shape;
mod text;

use serde_json::{Map, Value};

use super::verdict::{Code, Refusal};

/// Which writer a record is from, oldest first: of two that are equally old the later generation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Generation {
    /// One line of assignments (generations 0 to 4).
    OneLine,
    /// Upper-case assignments in a file without ending.
    Extensionless,
    /// A line for each assignment (generations 5 and 6).
    Lines,
    /// `db/SECOND.tsm.meta`, JSON.
    Tcs,
    /// `NAME/meta.json` with `tsm_id` and `start_time`.
    Directory,
    /// `NAME/meta.json` with `id` and `started`; the process, or its log reader, writes to that directory by path.
    LateDirectory,
}

/// One old record, as far as its own text goes. What the text does not say, or says badly, is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Old {
    /// Who wrote it.
    pub generation: Generation,
    /// 0 to 4294967295.
    pub tsm_id: Option<u32>,
    /// The name that the record itself claims.
    pub name: Option<String>,
    /// 2 to 4194304.
    pub pid: Option<i32>,
    /// 1 to 65535.
    pub port: Option<u16>,
    /// Epoch seconds, 1 to a day from now.
    pub start_time: Option<i64>,
    /// Restarts, as far as the writer counted them.
    pub restarts: u64,
    /// Restarts after a short run.
    pub unstable_restarts: u64,
    /// What ran.
    pub command: Option<String>,
    /// Where.
    pub cwd: Option<String>,
    /// The environment file.
    pub env_file: Option<String>,
    /// `python`, `command`…
    pub kind: Option<String>,
    /// Path of the interpreter.
    pub interpreter: Option<String>,
    /// `stopped`, `online`… where the writer kept one.
    pub status: Option<String>,
    /// Epoch seconds of its end, where the writer kept them.
    pub stop_time: Option<i64>,
    /// Every member that has no place of its own, with its value.
    pub legacy: Map<String, Value>,
    /// What is worth telling: the code and, for a member, which one.
    pub warnings: Vec<(Code, String)>,
}

/// What a parser makes of a file.
pub type Parsed = Result<Old, Refusal>;

impl Old {
    /// Of this writer, with nothing in it yet.
    pub fn of(generation: Generation) -> Self {
        Self {
            generation,
            tsm_id: None,
            name: None,
            pid: None,
            port: None,
            start_time: None,
            restarts: 0,
            unstable_restarts: 0,
            command: None,
            cwd: None,
            env_file: None,
            kind: None,
            interpreter: None,
            status: None,
            stop_time: None,
            legacy: Map::new(),
            warnings: Vec::new(),
        }
    }
}

//! Event lines: `{"time":1795384771.25,"event":"crash","name":"web-1","tsm_id":0,"pid":70,…}`.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use serde_json::{Map, Value};

use crate::layout::Layout;
use crate::registry::{Record, Status};
use crate::sys::clock;

/// As records: others may read what happened, not make it up.
const MODE: u32 = 0o644;

/// What happened to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was started.
    Start,
    /// It was ended on request.
    Stop,
    /// It ended by itself with exit code 0.
    Exit,
    /// It ended in any other way.
    Crash,
    /// It was started again under the same name and id.
    Restart,
    /// A new supervisor took it over, because the last one was gone.
    Adopt,
    /// Bytes of its output were thrown away, because its log could not be written.
    LogDropped,
}

impl EventKind {
    /// How the end of a run is called; `None` while it lasts. `meant`: somebody asked for it.
    pub fn of_end(record: &Record, meant: bool) -> Option<Self> {
        match record.status() {
            Status::Crashed => Some(Self::Crash),
            Status::Stopped if meant => Some(Self::Stop),
            Status::Stopped => Some(Self::Exit),
            Status::Online | Status::Stopping => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Exit => "exit",
            Self::Crash => "crash",
            Self::Restart => "restart",
            Self::Adopt => "adopt",
            Self::LogDropped => "log_dropped",
        }
    }
}

/// One line of history.
#[derive(Debug)]
pub struct Event {
    time: f64,
    members: Map<String, Value>,
}

impl Event {
    /// About the process of `record`, now. An end carries `exit_code` or `signal`.
    pub fn new(kind: EventKind, record: &Record) -> Self {
        let time = clock::now();
        let mut members = Map::new();
        // Milliseconds are all a reader can use.
        members.insert("time".into(), ((time * 1000.0).round() / 1000.0).into());
        members.insert("event".into(), kind.name().into());
        members.insert("name".into(), record.name().into());
        members.insert("tsm_id".into(), record.tsm_id().into());
        members.insert("pid".into(), record.pid().into());
        match kind {
            EventKind::Start | EventKind::Restart => {
                members.insert("port".into(), record.port().into());
            }
            EventKind::Stop | EventKind::Exit | EventKind::Crash => {
                members.insert("exit_code".into(), record.exit_code().into());
                if let Some(signal) = record.signal() {
                    members.insert("signal".into(), signal.into());
                }
            }
            EventKind::Adopt | EventKind::LogDropped => {}
        }
        Self { time, members }
    }

    /// The same line with one more number in it.
    pub fn with(mut self, member: &str, number: u64) -> Self {
        self.members.insert(member.to_owned(), number.into());
        self
    }

    /// Appends it to its day's file with one write(2), so that lines of many writers never mix.
    pub fn append(self, layout: &Layout) -> io::Result<()> {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds")]
        let path = layout.events(&clock::utc_date(self.time as i64));
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let line = format!("{}\n", Value::Object(self.members));
        OpenOptions::new().append(true).create(true).mode(MODE).open(&path)?.write_all(line.as_bytes())
    }
}

//! Event lines: `{"time":1795384771.25,"event":"crash","name":"web-1","tsm_id":0,"pid":70,…}`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};

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
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).mode(MODE).open(&path)?;
        let torn = if ends_whole(&file)? { "" } else { "\n" };
        file.write_all(format!("{torn}{}\n", Value::Object(self.members)).as_bytes())
    }
}

/// A power cut may leave half a line: the next one must not become part of it.
fn ends_whole(file: &File) -> io::Result<bool> {
    let Some(last) = file.metadata()?.len().checked_sub(1) else {
        return Ok(true);
    };
    let mut byte = [0];
    file.read_exact_at(&mut byte, last)?;
    Ok(byte == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_stays_alone() {
        let temp = tempfile::tempdir().unwrap();
        let layout = Layout::new(temp.path()).unwrap();
        let event = || Event::new(EventKind::Adopt, &Record::unknown("web"));
        let path = layout.events(&clock::utc_date(clock::epoch()));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "{\"time\":17").unwrap();
        event().append(&layout).unwrap();
        event().append(&layout).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let whole = |line: &str| serde_json::from_str::<Value>(line).is_ok();
        assert_eq!(text.lines().map(whole).collect::<Vec<_>>(), [false, true, true]);
    }
}

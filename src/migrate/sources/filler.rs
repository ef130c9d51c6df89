//! Where each member of an old record belongs.

use serde_json::Value;

use super::{Generation, Old, number};
use crate::migrate::verdict::{Code, Refusal};

/// A place in [`Old`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    TsmId,
    Name,
    Pid,
    Port,
    StartTime,
    Restarts,
    UnstableRestarts,
    Command,
    Cwd,
    EnvFile,
    Kind,
    Interpreter,
    Status,
    /// `legacy` keeps it, and it is known.
    Legacy,
    /// Likewise, and it should be a number.
    LegacyNumber,
    /// `legacy` keeps it, and it is when the process ended.
    StopTime,
}

impl Home {
    /// Of a key of the formats that are assignments. `None`: no version wrote it.
    pub(super) fn of_assignment(key: &str) -> Option<Self> {
        Some(match key {
            "tsm_id" => Self::TsmId,
            "name" => Self::Name,
            "pid" => Self::Pid,
            "command" | "script" => Self::Command,
            "port" => Self::Port,
            "start_time" => Self::StartTime,
            "env_file" => Self::EnvFile,
            "cwd" => Self::Cwd,
            "type" => Self::Kind,
            "interpreter" => Self::Interpreter,
            "restart_count" => Self::Restarts,
            "last_restart_time" => Self::LegacyNumber,
            "start_dir" | "node_env" => Self::Legacy,
            _ => return None,
        })
    }

    /// Whether a number belongs there.
    pub(super) fn is_numeric(self) -> bool {
        use Home::{LegacyNumber, Pid, Port, Restarts, StartTime, TsmId, UnstableRestarts};
        matches!(self, TsmId | Pid | Port | StartTime | Restarts | UnstableRestarts | LegacyNumber)
    }
}

/// Fills an [`Old`] member by member. What has no place, or comes to one that is taken, goes to `legacy` as it is.
pub(super) struct Filler {
    old: Old,
    now: i64,
}

impl Filler {
    /// `now` is in epoch seconds.
    pub(super) fn new(generation: Generation, now: i64, warnings: Vec<(Code, String)>) -> Self {
        Self { old: Old { warnings, ..Old::of(generation) }, now }
    }

    pub(super) fn warn(&mut self, code: Code, detail: &str) {
        self.old.warnings.push((code, detail.to_owned()));
    }

    /// A member that no version wrote, or that has no place.
    pub(super) fn keep(&mut self, key: &str, value: Value) {
        self.old.legacy.insert(key.to_owned(), value);
    }

    /// Puts one member, which is called `key`, where it belongs.
    pub(super) fn put(&mut self, home: Home, key: &str, value: Value) -> Result<(), Refusal> {
        if home.is_numeric() && value.as_str().is_some_and(number::is_hostile) {
            return Err(Refusal::HostileValue);
        }
        let now = self.now;
        match home {
            Home::TsmId => self.old.tsm_id = self.number(key, value, Some(Code::BadId), number::id),
            Home::Pid => self.old.pid = self.number(key, value, Some(Code::BadPid), number::pid),
            Home::Port => self.port(key, value),
            Home::StartTime => {
                let time = |text: &str| number::time(text, now);
                self.old.start_time = self.number(key, value, Some(Code::BadStartTime), time);
            }
            Home::Restarts => self.old.restarts = self.number(key, value, None, number::count).unwrap_or(0),
            Home::UnstableRestarts => {
                self.old.unstable_restarts = self.number(key, value, None, number::count).unwrap_or(0);
            }
            Home::Name => self.text(key, value, |old| &mut old.name),
            Home::Command => self.text(key, value, |old| &mut old.command),
            Home::Cwd => self.text(key, value, |old| &mut old.cwd),
            Home::EnvFile => self.text(key, value, |old| &mut old.env_file),
            Home::Kind => self.text(key, value, |old| &mut old.kind),
            Home::Interpreter => self.text(key, value, |old| &mut old.interpreter),
            Home::Status => self.text(key, value, |old| &mut old.status),
            Home::StopTime => self.stop_time(key, value),
            Home::Legacy | Home::LegacyNumber => self.keep(key, value),
        }
        Ok(())
    }

    /// Says what is missing, unless the end of the file is missing anyway.
    pub(super) fn finish(mut self) -> Old {
        let old = &self.old;
        let is_said = |code| old.warnings.iter().any(|(said, _)| [code, Code::Truncated].contains(said));
        let no_pid = old.pid.is_none() && !is_said(Code::BadPid);
        let no_start = old.start_time.is_none() && !is_said(Code::BadStartTime);
        if no_pid {
            self.warn(Code::NoPid, "pid");
        }
        if no_start {
            self.warn(Code::BadStartTime, "start_time");
        }
        self.old
    }

    fn port(&mut self, key: &str, value: Value) {
        if !matches!(value.as_str(), Some("" | "none")) {
            self.old.port = self.number(key, value, Some(Code::BadPort), number::port);
        }
    }

    /// Writers of JSON gave fractions of a second here.
    fn stop_time(&mut self, key: &str, value: Value) {
        let text = digits(&value);
        let seconds = text.split_once('.').map_or(text.as_str(), |(seconds, _)| seconds);
        self.old.stop_time = self.old.stop_time.or_else(|| number::time(seconds, self.now));
        self.keep(key, value);
    }

    fn number<T>(
        &mut self,
        key: &str,
        value: Value,
        bad: Option<Code>,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let number = parse(&digits(&value));
        if number.is_none() && !value.is_null() {
            self.old.warnings.extend(bad.map(|code| (code, key.to_owned())));
            self.keep(key, value);
        }
        number
    }

    fn text(&mut self, key: &str, value: Value, place: fn(&mut Old) -> &mut Option<String>) {
        let place = place(&mut self.old);
        match value {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::String(text) if place.is_none() => *place = Some(text),
            other => self.keep(key, other),
        }
    }
}

/// The text of a number; numbers that became strings on their way are accepted.
fn digits(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

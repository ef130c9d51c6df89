//! A process that a test has started through `tsm start`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::{proc, wait_until};

/// What `tsm start` reported.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    /// The whole name, with its suffix.
    pub(crate) name: String,
    pub(crate) id: i64,
    pub(crate) pid: i32,
    pub(crate) port: Option<u16>,
    start_ticks: Option<u64>,
}

impl Process {
    /// From the report: `✅ Started: web-8000 (TSM ID: 0, PID: 70, Port: 8000)`. `None`: there is no such line.
    pub(crate) fn from_report(text: &str) -> Option<Self> {
        static REPORT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?m)^✅ Started: (.*) \(TSM ID: (\d+), PID: (\d+), Port: (\d+|none)\)$").unwrap()
        });
        let [name, id, pid, port] = REPORT.captures(text)?.extract().1;
        let pid = pid.parse().ok()?;
        Some(Self {
            name: name.to_owned(),
            id: id.parse().ok()?,
            pid,
            port: port.parse().ok(),
            start_ticks: proc::start_ticks(pid),
        })
    }

    /// Whether this very process runs: not a zombie, not another one with its pid.
    pub(crate) fn is_alive(&self) -> bool {
        proc::is_alive(self.pid) && proc::start_ticks(self.pid) == self.start_ticks
    }

    #[track_caller]
    pub(crate) fn wait_until_gone(&self) {
        wait_until(format_args!("{} (pid {}) is gone", self.name, self.pid), || !self.is_alive());
    }

    pub(crate) fn children(&self) -> Vec<i32> {
        proc::children(self.pid)
    }

    pub(crate) fn environ(&self) -> BTreeMap<String, String> {
        proc::environ(self.pid)
    }

    /// SIGKILL behind tsm's back.
    pub(crate) fn kill(&self) {
        if self.is_alive() {
            proc::kill(self.pid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_the_process() {
        let process =
            Process::from_report("✅ Started: sp ace-8000 (TSM ID: 3, PID: 1, Port: 8000)\n").unwrap();
        assert_eq!((process.name.as_str(), process.id, process.port), ("sp ace-8000", 3, Some(8000)));
        assert!(Process::from_report("❌ Failed to start: web (invalid name)").is_none());
    }
}

//! What happens to the process of a record, as the record tells it: each change of status with all that hangs on it.

use serde_json::{Value, json};

use super::{Record, Status};
use crate::sys::exit::Exit;
use crate::sys::proc::Identity;
use crate::sys::signal;

impl Record {
    /// A run began: at its fork, when `started` was the epoch second.
    pub fn begin(&mut self, run: &Identity, started: i64) {
        for over in ["stop_time", "exit_code", "signal", "stop_by"] {
            self.remove(over);
        }
        self.set("pid", run.pid.into());
        self.set("start_time", started.into());
        self.set("proc", json!({ "start_ticks": run.start_ticks, "boot_id": run.boot_id }));
        self.set_status(Status::Online);
    }

    /// The run began anew under the same name and id.
    pub fn count_restart(&mut self) {
        self.set("restarts", (self.integer("restarts").unwrap_or(0) + 1).into());
    }

    /// Somebody is about to end the process.
    pub fn begin_stop(&mut self, by: &Identity) {
        self.set_status(Status::Stopping);
        self.set("stop_by", by.to_json());
    }

    /// The process outlived the attempt to end it.
    pub fn abandon_stop(&mut self) {
        self.remove("stop_by");
        self.set_status(Status::Online);
    }

    /// The run is over. The status tells whether anybody meant it to be, unless that is known otherwise.
    pub fn end(&mut self, exit: Exit, meant: bool, now: i64) {
        let meant = meant || self.status() == Status::Stopping;
        self.remove("stop_by");
        self.remove("signal");
        self.set("exit_code", if let Exit::Code(code) = exit { code.into() } else { Value::Null });
        if let Exit::Signal(number) = exit {
            self.set("signal", signal::name(number).into());
        }
        if meant {
            self.set("stop_time", now.into());
        }
        let stopped = meant || exit == Exit::Code(0);
        self.set_status(if stopped { Status::Stopped } else { Status::Crashed });
    }

    /// Whether the record says so: [`Record::settle_stop`].
    pub fn is_settled(&self) -> bool {
        self.status() == Status::Stopped && self.has("stop_time")
    }

    /// Nothing of it runs any more, and that was meant.
    pub fn settle_stop(&mut self, now: i64) {
        if !self.has("stop_time") {
            self.set("stop_time", now.into());
        }
        self.set_status(Status::Stopped);
    }

    fn set_status(&mut self, status: Status) {
        self.set("status", status.name().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pid: i32) -> Identity {
        Identity { pid, start_ticks: 5, boot_id: "b".into() }
    }

    fn record() -> Record {
        let mut record = Record::parse("web", br#"{"pid":7,"status":"online","tsm_id":2}"#).unwrap();
        record.begin(&run(70), 1000);
        record
    }

    #[test]
    fn the_end_of_a_run_tells_who_meant_it() {
        let ended = |stopping: bool, exit| {
            let mut record = record();
            if stopping {
                record.begin_stop(&run(9));
            }
            record.end(exit, false, 2000);
            let value = record.to_value();
            assert!(value.get("stop_by").is_none());
            (
                record.status(),
                record.exit_code(),
                value.get("signal").is_some(),
                value.get("stop_time").is_some(),
            )
        };
        assert_eq!(ended(false, Exit::Code(0)), (Status::Stopped, Some(0), false, false));
        assert_eq!(ended(false, Exit::Code(3)), (Status::Crashed, Some(3), false, false));
        assert_eq!(ended(false, Exit::Signal(9)), (Status::Crashed, None, true, false));
        assert_eq!(ended(false, Exit::Unseen), (Status::Crashed, None, false, false));
        assert_eq!(ended(true, Exit::Signal(15)), (Status::Stopped, None, true, true));
    }

    #[test]
    fn a_new_run_forgets_the_end_of_the_last() {
        let mut record = record();
        record.begin_stop(&run(9));
        record.end(Exit::Signal(15), false, 2000);
        record.begin(&run(71), 3000);
        let value = record.to_value();
        for gone in ["stop_time", "exit_code", "signal", "stop_by"] {
            assert!(value.get(gone).is_none(), "{gone}");
        }
        assert_eq!((record.status(), record.pid()), (Status::Online, Some(71)));
    }
}

//! Whether the process that an old record speaks of still runs. A pid proves nothing: the kernel gives it away again.
//! Looks only; not even signal 0 is sent.

use std::io;

use super::sources::Old;
use crate::sys::dir::{self, FileId};
use crate::sys::proc::{self, Identity, Stat};

/// The recorded start is taken after the process began: seconds that it may be late, as measured, with room to spare.
const LATEST: i64 = 30;
/// Seconds that it may be early: two clocks, each cut to the second.
const EARLIEST: i64 = 2;

/// What became of the process of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Online(Identity),
    /// Its pid is somebody else's by now.
    Reused,
    /// Another record has the better claim to the process.
    Claimed,
    /// It has ended.
    Ended,
}

/// What became of the process, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What became of it.
    pub life: Life,
    /// It has the record's log open: the best evidence there is.
    pub by_log: bool,
    /// Not the record, its pid file names it.
    pub by_pid_file: bool,
}

/// What is known of a process besides its record.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    /// What its pid file says.
    pub pid_file: Option<i32>,
    /// Its logs.
    pub logs: Vec<FileId>,
}

impl Standing {
    /// Of the process of a record.
    pub fn of(old: &Old, traces: &Traces) -> io::Result<Self> {
        let by_record = (old.pid, false);
        let by_pid_file = (traces.pid_file.filter(|pid| old.pid != Some(*pid)), true);
        let mut life = Life::Ended;
        for (pid, by_pid_file) in [by_record, by_pid_file] {
            match pid.map_or(Ok(Claim::Gone), |pid| claim(pid, old, &traces.logs))? {
                Claim::Ours { by_log, identity } => {
                    return Ok(Self { life: Life::Online(identity), by_log, by_pid_file });
                }
                Claim::Foreign if !by_pid_file => life = Life::Reused,
                Claim::Foreign | Claim::Gone => {}
            }
        }
        Ok(Self { life, by_log: false, by_pid_file: false })
    }

    /// The process, if it runs.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.life {
            Life::Online(identity) => Some(identity),
            Life::Reused | Life::Claimed | Life::Ended => None,
        }
    }
}

enum Claim {
    Ours { by_log: bool, identity: Identity },
    Foreign,
    Gone,
}

fn claim(pid: i32, old: &Old, logs: &[FileId]) -> io::Result<Claim> {
    let Some(identity) = Identity::look(pid)? else { return Ok(Claim::Gone) };
    if writes_to(pid, logs) {
        return Ok(Claim::Ours { by_log: true, identity });
    }
    let fits = match old.start_time {
        Some(recorded) => began_in_time(pid, recorded),
        None => runs_the_command(pid, old),
    };
    Ok(if fits { Claim::Ours { by_log: false, identity } } else { Claim::Foreign })
}

fn writes_to(pid: i32, logs: &[FileId]) -> bool {
    let streams = [1, 2].into_iter().filter_map(|number| dir::id(&proc::descriptor_path(pid, number)));
    streams.into_iter().any(|stream| logs.contains(&stream))
}

fn began_in_time(pid: i32, recorded: i64) -> bool {
    let began = Stat::read(pid).and_then(|stat| stat.started());
    began.is_some_and(|began| (recorded - LATEST..=recorded + EARLIEST).contains(&began))
}

/// The whole command line: a program's name alone would make a user's shell ours.
fn runs_the_command(pid: i32, old: &Old) -> bool {
    let (Some(command), Some(cwd), Some(words)) = (&old.command, &old.cwd, proc::command_line(pid)) else {
        return false;
    };
    let line: Vec<_> = words.iter().map(|word| String::from_utf8_lossy(word)).collect();
    without_quotes(&line.join(" ")) == without_quotes(command)
        && proc::current_dir(pid).is_some_and(|dir| dir.as_os_str() == cwd.as_str())
}

fn without_quotes(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, '\'' | '"')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::sources::Generation;
    use crate::sys::clock;
    use std::process::{Child, Command};

    /// A process that ends with the test.
    struct Running(Child);

    impl Running {
        fn new() -> Self {
            Self(Command::new("sleep").arg("600").current_dir("/").spawn().unwrap())
        }

        fn pid(&self) -> i32 {
            i32::try_from(self.0.id()).unwrap()
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    fn old(pid: i32, start_time: Option<i64>) -> Old {
        let command = Some("sleep '600'".to_owned());
        Old { pid: Some(pid), start_time, command, cwd: Some("/".into()), ..Old::of(Generation::Lines) }
    }

    fn is_ours(old: &Old, traces: &Traces) -> bool {
        matches!(Standing::of(old, traces).unwrap().life, Life::Online(_))
    }

    #[test]
    fn a_start_is_recorded_a_little_late_and_never_early() {
        let process = Running::new();
        let now = clock::epoch();
        for (offset, ours) in [(0, true), (25, true), (40, false), (-10, false)] {
            let standing = Standing::of(&old(process.pid(), Some(now + offset)), &Traces::default()).unwrap();
            assert_eq!(matches!(standing.life, Life::Online(_)), ours, "{offset}");
            assert_eq!(standing.life == Life::Reused, !ours, "{offset}");
        }
    }

    #[test]
    fn without_a_time_the_whole_command_line_must_agree() {
        let process = Running::new();
        // Until it has become `sleep`, it is a copy of this very program.
        while proc::command_line(process.pid()).is_none_or(|words| words.len() != 2) {
            std::thread::yield_now();
        }
        let agrees = old(process.pid(), None);
        assert!(is_ours(&agrees, &Traces::default()));
        let another = Old { command: Some("sleep".into()), ..agrees.clone() };
        let elsewhere = Old { cwd: Some("/tmp".into()), ..agrees };
        assert!(!is_ours(&another, &Traces::default()) && !is_ours(&elsewhere, &Traces::default()));
    }

    #[test]
    fn an_open_log_is_stronger_than_a_clock() {
        let temp = tempfile::NamedTempFile::new().unwrap();
        let child = Command::new("sleep").arg("600").stdout(temp.reopen().unwrap()).spawn().unwrap();
        let process = Running(child);
        let record = old(process.pid(), Some(clock::epoch() - 3600));
        let traces = Traces { logs: vec![dir::id(temp.path()).unwrap()], pid_file: None };
        assert!(is_ours(&record, &traces) && !is_ours(&record, &Traces::default()));
    }

    #[test]
    fn the_pid_file_decides_when_the_pid_is_gone() {
        let process = Running::new();
        let record = old(4_194_301, Some(clock::epoch()));
        let traces = Traces { pid_file: Some(process.pid()), logs: Vec::new() };
        let standing = Standing::of(&record, &traces).unwrap();
        assert!(standing.by_pid_file && standing.identity().is_some());
        assert_eq!(Standing::of(&record, &Traces::default()).unwrap().life, Life::Ended);
    }
}

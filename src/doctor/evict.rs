//! Ending those who hold a port: exactly those that were shown, and only while they still hold it.

use std::time::{Duration, Instant};

use super::owners::is_of_tsm;
use crate::lifecycle;
use crate::ports::holders::{self, Use};
use crate::sys::pidfd::PidFd;
use crate::sys::proc::{Identity, Stat};
use crate::sys::signal::Signal;

/// What became of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was delivered.
    Delivered,
    /// The process has ended.
    Gone,
    /// The process no longer holds the port, or is not ours to signal.
    Refused,
}

/// The holders of a port as they are shown: from here on no others are meant.
pub fn shown(used: &Use) -> Vec<Identity> {
    used.pids.iter().filter_map(|pid| Identity::of(*pid)).collect()
}

/// Whom nobody may end by a port: init, this command and whoever it runs for, and supervisors.
pub fn untouchable(port: u16) -> Option<i32> {
    let ancestors = ancestors();
    let is_untouchable = |pid: &i32| *pid == 1 || ancestors.contains(pid) || is_of_tsm(*pid);
    holders::pids_of(port).into_iter().find(is_untouchable)
}

/// Signals a process that was shown. Who it is and that it holds the port is looked at again, once nobody else can get
/// its pid.
pub fn signal(process: &Identity, port: u16, signal: Signal) -> Sent {
    let Some(handle) = PidFd::open(process) else {
        return if process.is_alive() { Sent::Refused } else { Sent::Gone };
    };
    if !holders::holds(process.pid, port) {
        return if process.is_alive() { Sent::Refused } else { Sent::Gone };
    }
    match handle.signal(signal) {
        Ok(()) => Sent::Delivered,
        Err(_) if !process.is_alive() => Sent::Gone,
        Err(_) => Sent::Refused,
    }
}

/// Waits until all of them have ended, no longer than `patience`.
pub fn wait(processes: &[Identity], patience: Duration) {
    let deadline = Instant::now() + patience;
    for process in processes {
        if let Some(handle) = PidFd::open(process) {
            lifecycle::has_ended(&handle, process, deadline.saturating_duration_since(Instant::now()));
        }
    }
}

/// This process, its parent, and so on.
fn ancestors() -> Vec<i32> {
    let own = std::process::id().cast_signed();
    let parent = |pid: &i32| Stat::read(*pid).map(|stat| stat.ppid).filter(|parent| *parent > 0);
    std::iter::successors(Some(own), parent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::process::{Child, Command, Stdio};

    /// A process that ends with the test.
    struct Other(Child);

    impl Other {
        fn new() -> Self {
            Self(Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap())
        }

        fn identity(&self) -> Identity {
            Identity::of(self.0.id().cast_signed()).unwrap()
        }
    }

    impl Drop for Other {
        fn drop(&mut self) {
            self.0.kill().unwrap();
            self.0.wait().unwrap();
        }
    }

    #[test]
    fn who_does_not_hold_the_port_is_not_signalled() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let other = Other::new();
        assert_eq!(signal(&other.identity(), port, Signal::KILL), Sent::Refused);
        assert!(other.identity().is_alive());
    }

    #[test]
    fn who_has_the_pid_of_somebody_shown_is_not_signalled() {
        let other = Other::new();
        let shown = Identity { start_ticks: other.identity().start_ticks + 1, ..other.identity() };
        assert_eq!(signal(&shown, 1, Signal::KILL), Sent::Gone);
        assert!(other.identity().is_alive());
    }

    #[test]
    fn we_and_our_ancestors_are_untouchable() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = std::process::id().cast_signed();
        assert_eq!(untouchable(server.local_addr().unwrap().port()), Some(own));
        assert!(ancestors().contains(&std::os::unix::process::parent_id().cast_signed()));
    }
}

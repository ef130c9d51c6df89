//! A program that is asked for something and has a limited time to answer.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag};

use crate::sys::pidfd::PidFd;
use crate::sys::signal::{self, Signal};
use crate::sys::{io_error, poll};

/// Between two looks where the end of a process cannot be waited for.
const TICK: Duration = Duration::from_millis(20);

/// What it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Its stdout, as far as it came before the end of the program itself.
    pub output: Vec<u8>,
    /// Its exit code; `None` when a signal ended it, ours because its time was over included.
    pub code: Option<i32>,
}

/// Runs a program in a group of its own, with nothing to read. Who outlives its time is ended with its group. What it
/// leaves running and holds its stdout is not waited for.
pub fn captured(command: &mut Command, patience: Duration) -> io::Result<Captured> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn()?;
    let result = listen(&mut child, patience);
    if result.as_ref().is_ok_and(Option::is_some) {
        return result.map(|captured| captured.unwrap_or(Captured { output: Vec::new(), code: None }));
    }
    // It has not been reaped, so the group is its own.
    let _ = signal::send_to_group(child.id().cast_signed(), Signal::KILL);
    child.wait()?;
    result.map(|_| Captured { output: Vec::new(), code: None })
}

/// `None`: its time was over.
fn listen(child: &mut Child, patience: Duration) -> io::Result<Option<Captured>> {
    let deadline = Instant::now() + patience;
    let handle = PidFd::of_pid(child.id().cast_signed());
    let Some(mut pipe) = child.stdout.take() else { return Ok(None) };
    nix::fcntl::fcntl(&pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map_err(io_error)?;
    let (mut output, mut is_open) = (Vec::new(), true);
    loop {
        let status = child.try_wait()?;
        while is_open && read_some(&mut pipe, &mut output, &mut is_open)? {}
        if let Some(status) = status {
            return Ok(Some(Captured { output, code: status.code() }));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        let left = if handle.is_some() { left } else { left.min(TICK) };
        poll::wait([is_open.then(|| pipe.as_fd()), handle.as_ref().map(PidFd::as_fd)], Some(left))?;
    }
}

/// Whether there may be more at once.
fn read_some(pipe: &mut impl io::Read, output: &mut Vec<u8>, is_open: &mut bool) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    match pipe.read(&mut buffer) {
        Ok(0) => *is_open = false,
        Ok(length) => output.extend(buffer.get(..length).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
        Err(error) => return Err(error),
    }
    Ok(*is_open)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bash(script: &str, patience: Duration) -> Captured {
        captured(Command::new("bash").args(["-c", script]), patience).unwrap()
    }

    #[test]
    fn output_and_exit_code_are_returned() {
        let long = bash("cat; head -c 100000 /dev/zero; exit 3", Duration::from_secs(60));
        assert_eq!((long.output.len(), long.code), (100_000, Some(3)));
    }

    #[test]
    fn who_keeps_the_pipe_is_not_waited_for() {
        let begun = Instant::now();
        let answer = bash("sleep 1000 & echo $!", Duration::from_secs(60));
        let pid: i32 = str::from_utf8(&answer.output).unwrap().trim().parse().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(50));
        let left_over = crate::sys::proc::Identity::of(pid).unwrap();
        PidFd::open(&left_over).unwrap().signal(Signal::KILL).unwrap();
    }

    #[test]
    fn the_group_ends_when_its_time_is_over() {
        let answer = bash("trap '' TERM; sleep 1000; echo late", Duration::from_millis(50));
        assert_eq!(answer, Captured { output: Vec::new(), code: None });
    }
}

//! A command, run to its end.

use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::proc;

/// Longer than any command may take, the ones that wait 30 s for a handshake included.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs it until it has ended and nobody holds its stdout or stderr any more. One that does not is killed, and fails
/// the test instead of keeping it for ever.
#[track_caller]
pub(crate) fn finish(command: &mut Command) -> Output {
    let what = words(command);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run `{what}`: {error}"));
    let pid = i32::try_from(child.id()).unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    match receiver.recv_timeout(LIMIT) {
        Ok(output) => output.unwrap(),
        Err(_) => {
            proc::kill(pid);
            panic!("`{what}`, or something that holds its output, did not end within {} s", LIMIT.as_secs());
        }
    }
}

/// The command as one reads it, without its environment.
fn words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

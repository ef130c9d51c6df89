//! Answers of one key or one line, and how wide a terminal is.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::AsFd as _;

use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr};

/// The caller's stdin, byte by byte. A terminal gives each key as it is pressed, Ctrl-C too, until this is dropped.
#[derive(Debug)]
pub struct Keys {
    before: Option<Termios>,
}

impl Keys {
    /// Makes a terminal give single keys; anything else stays as it is.
    pub fn of_stdin() -> Self {
        let stdin = io::stdin();
        let before = tcgetattr(stdin.as_fd())
            .ok()
            .filter(|before| tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &single_keys(before.clone())).is_ok());
        Self { before }
    }

    /// Whether somebody sits there.
    pub fn is_terminal(&self) -> bool {
        io::stdin().is_terminal()
    }

    /// The next byte, and no more than that is taken: what follows is there for others. `None` at the end.
    pub fn next_byte(&mut self) -> Option<u8> {
        let mut file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
        let mut buffer = [0];
        file.read_exact(&mut buffer).ok()?;
        let [byte] = buffer;
        Some(byte)
    }
}

/// One line of stdin without its end, and nothing of what follows it is taken. `None` at the end of the input.
pub fn read_line() -> Option<Vec<u8>> {
    /// More than any answer; the rest of a longer line is passed over.
    const LONGEST: usize = 1024;
    let mut file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let (mut line, mut buffer) = (Vec::new(), [0]);
    loop {
        let ended = file.read_exact(&mut buffer).is_err();
        let [byte] = buffer;
        match (ended, byte) {
            (true, _) => return Some(line).filter(|line| !line.is_empty()),
            (false, b'\n') => return Some(line),
            (false, byte) if line.len() < LONGEST => line.push(byte),
            (false, _) => {}
        }
    }
}

/// Columns of the terminal that stdout is; `None` when it is none, or does not know.
pub fn width() -> Option<u16> {
    // SAFETY: winsize is a plain struct of integers, for which all zeroes is a value.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: the request writes one winsize, to a place that outlives the call.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (result == 0 && size.ws_col > 0).then_some(size.ws_col)
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin().as_fd(), SetArg::TCSANOW, before);
        }
    }
}

/// Ctrl-C is a key like others: a process that it ends could not give the terminal back as it was.
fn single_keys(mut mode: Termios) -> Termios {
    mode.local_flags.remove(LocalFlags::ICANON | LocalFlags::ISIG);
    if let Some(least) = mode.control_chars.get_mut(SpecialCharacterIndices::VMIN as usize) {
        *least = 1;
    }
    if let Some(patience) = mode.control_chars.get_mut(SpecialCharacterIndices::VTIME as usize) {
        *patience = 0;
    }
    mode
}

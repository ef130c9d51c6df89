//! Somebody to whom modes and limits apply.

use std::os::unix::fs::lchown;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::unistd::{Gid, Uid, chown};

use super::{Home, finish};

/// An ordinary user, to whom modes and limits apply: whoever runs the tests, or for root somebody who is nobody else.
pub(crate) struct User {
    id: Option<u32>,
}

impl User {
    /// One whom the home belongs to from now on. `None`: root cannot become another here.
    pub(crate) fn of(home: &Home) -> Option<Self> {
        if !Uid::effective().is_root() {
            return Some(Self { id: None });
        }
        // Whoever runs tests at the same time is somebody else: limits count all that a user runs.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = 200_000 + std::process::id() % 100_000 * 8 + NEXT.fetch_add(1, Ordering::Relaxed) % 8;
        let user = Self { id: Some(id) };
        let tsm = home.bin().join("tsm");
        let executable = tsm.canonicalize().unwrap();
        std::fs::remove_file(&tsm).unwrap();
        std::fs::copy(executable, &tsm).unwrap();
        for dir in [home.dir().to_owned(), home.root(), home.work(), home.home(), home.bin()] {
            chown(&dir, Some(Uid::from_raw(id)), Some(Gid::from_raw(id))).ok()?;
        }
        // By a program of that user's: setpriv itself still gets to directories that the user does not.
        let words = ["sh", "-c", "exec \"$0\" --version", tsm.to_str().unwrap()];
        let output = finish(&mut user.program(home, &words));
        output.status.success().then_some(user)
    }

    /// Whether it is not whoever runs the tests.
    pub(crate) fn is_another(&self) -> bool {
        self.id.is_some()
    }

    /// Everything at and below this path becomes theirs.
    pub(crate) fn take(&self, path: &Path) {
        lchown(path, self.id, self.id).unwrap();
        if path.is_dir() && !path.is_symlink() {
            for entry in std::fs::read_dir(path).unwrap() {
                self.take(&entry.unwrap().path());
            }
        }
    }

    /// `tsm` with these words, run by this user.
    pub(crate) fn command(&self, home: &Home, words: &[&str]) -> Command {
        self.program(home, &[&[home.bin().join("tsm").to_str().unwrap()], words].concat())
    }

    /// Any program with its words, run by this user.
    pub(crate) fn program(&self, home: &Home, words: &[&str]) -> Command {
        let Some(id) = self.id else {
            let mut command = home.command(words[0]);
            command.args(&words[1..]);
            return command;
        };
        let mut command = home.command("setpriv");
        let id = id.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).args(words);
        command
    }
}

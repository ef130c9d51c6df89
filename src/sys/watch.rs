//! Changes in directories as something to poll: inotify(7) on Linux. Elsewhere, and where the kernel has none left to
//! give, there is no descriptor and the caller looks again by the clock.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;

/// Watches what lies in some directories. Which change it was is not told: the caller looks for itself.
#[derive(Debug)]
pub struct Watch {
    dirs: Vec<PathBuf>,
    changes: Option<Changes>,
}

impl Watch {
    /// Begins to watch. A directory that is missing is watched from the first [`Watch::renew`] that finds it.
    pub fn new(mut dirs: Vec<PathBuf>) -> Self {
        dirs.sort_unstable();
        dirs.dedup();
        let watch = Self { dirs, changes: Changes::new() };
        watch.renew();
        watch
    }

    /// Readable when something has changed; `None` where nothing tells.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.changes.as_ref().map(Changes::as_fd)
    }

    /// Forgets the changes so far.
    pub fn drain(&self) {
        if let Some(changes) = &self.changes {
            changes.drain();
        }
    }

    /// Watches directories that were made, or made anew, since the last time. The others stay watched as they are.
    pub fn renew(&self) {
        if let Some(changes) = &self.changes {
            self.dirs.iter().for_each(|dir| changes.add(dir));
        }
    }
}

#[cfg(target_os = "linux")]
use linux::Changes;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::{AsFd as _, BorrowedFd};
    use std::path::Path;

    use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

    #[derive(Debug)]
    pub(super) struct Changes(Inotify);

    impl Changes {
        pub(super) fn new() -> Option<Self> {
            Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok().map(Self)
        }

        pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.as_fd()
        }

        /// The kernel knows a directory that is watched already by its inode.
        pub(super) fn add(&self, dir: &Path) {
            let changes = AddWatchFlags::IN_MODIFY
                | AddWatchFlags::IN_CREATE
                | AddWatchFlags::IN_DELETE
                | AddWatchFlags::IN_MOVE
                | AddWatchFlags::IN_ONLYDIR;
            let _ = self.0.add_watch(dir, changes);
        }

        pub(super) fn drain(&self) {
            let mut events = [0; 16 << 10];
            while nix::unistd::read(self.0.as_fd(), &mut events).is_ok_and(|count| count > 0) {}
        }
    }
}

#[cfg(not(target_os = "linux"))]
use elsewhere::Changes;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::os::fd::BorrowedFd;
    use std::path::Path;

    /// Never made.
    #[derive(Debug)]
    pub(super) enum Changes {}

    impl Changes {
        pub(super) fn new() -> Option<Self> {
            None
        }

        pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
            match *self {}
        }

        pub(super) fn add(&self, _dir: &Path) {
            match *self {}
        }

        pub(super) fn drain(&self) {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::sys::poll;
    use std::fs;
    use std::time::Duration;

    fn is_told(watch: &Watch) -> bool {
        let [ready] = poll::wait([watch.as_fd()], Some(Duration::ZERO)).unwrap();
        watch.drain();
        ready.readable
    }

    #[test]
    fn writing_renaming_and_deleting_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        let watch = Watch::new(vec![dir.path().to_owned(), dir.path().to_owned()]);
        assert!(!is_told(&watch));
        fs::write(&one, "1").unwrap();
        assert!(is_told(&watch));
        assert!(!is_told(&watch));
        fs::rename(&one, &two).unwrap();
        assert!(is_told(&watch));
        fs::remove_file(&two).unwrap();
        assert!(is_told(&watch));
    }

    #[test]
    fn a_directory_may_come_later_and_come_again() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("later");
        let watch = Watch::new(vec![dir.clone()]);
        for _ in 0..2 {
            fs::create_dir(&dir).unwrap();
            watch.renew();
            fs::write(dir.join("file"), "1").unwrap();
            assert!(is_told(&watch));
            fs::remove_dir_all(&dir).unwrap();
            watch.drain();
        }
    }
}

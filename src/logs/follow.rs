//! Several files followed together: when to look at them, and when to stop.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Sink;
use super::followed::Followed;
use super::tail::Lines;
use crate::error::{Error, Result};
use crate::sys::poll;
use crate::sys::watch::Watch;

/// How soon a change that nothing announced is looked for after another such change…
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// …and when all has been quiet for long. Some file systems, and splice(2) on kernels before 6.5, announce nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// What a busy writer is given to write more before the next look.
const BREATH: Duration = Duration::from_millis(5);

/// Several files that are followed together.
#[derive(Debug)]
pub struct Follower {
    files: Vec<Followed>,
    watch: Watch,
    pause: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    Changed,
    TimeOver,
    OutputClosed,
}

impl Follower {
    /// Of files that may or may not be there yet.
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let files: Vec<Followed> = paths.into_iter().map(Followed::new).collect();
        let dirs = files.iter().filter_map(|file| file.path.parent()).map(Path::to_owned).collect();
        Self { files, watch: Watch::new(dirs), pause: SHORTEST_PAUSE }
    }

    /// Hands on the wanted lines of each file. One that is there is named first, with no bytes, even when it is empty.
    pub fn begin(&mut self, lines: Lines, sink: &mut Sink<'_>) -> Result<()> {
        self.files
            .iter_mut()
            .try_for_each(|file| file.begin(lines, sink).map_err(Error::file("read", &file.path)))
    }

    /// Hands on what is new in each file; whether anything was. Does not wait.
    pub fn advance(&mut self, sink: &mut Sink<'_>) -> Result<bool> {
        let mut found = false;
        for file in &mut self.files {
            found |= file.advance(sink).map_err(Error::file("read", &file.path))?;
        }
        Ok(found)
    }

    /// Hands on what is new, whenever there is something, until nobody reads `output` any more.
    pub fn run(&mut self, output: BorrowedFd<'_>, sink: &mut Sink<'_>) -> Result<()> {
        let mut woken = Woken::Changed;
        while woken != Woken::OutputClosed {
            let found = self.advance(sink)?;
            if woken == Woken::TimeOver {
                self.pause = if found { SHORTEST_PAUSE } else { LONGEST_PAUSE.min(self.pause * 2) };
            }
            woken = self.wait(found, output).map_err(Error::system("wait for log lines"))?;
        }
        Ok(())
    }

    fn wait(&self, busy: bool, output: BorrowedFd<'_>) -> io::Result<Woken> {
        if busy {
            let [_, output] = poll::wait_or_closed(None, output, Some(BREATH))?;
            if output.hung_up {
                return Ok(Woken::OutputClosed);
            }
        }
        let [changes, output] = poll::wait_or_closed(self.watch.as_fd(), output, Some(self.pause))?;
        if output.hung_up {
            return Ok(Woken::OutputClosed);
        }
        if changes.readable {
            self.watch.drain();
            return Ok(Woken::Changed);
        }
        self.watch.renew();
        Ok(Woken::TimeOver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File, OpenOptions};
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::sync::mpsc::{self, Receiver};
    use std::thread::{self, JoinHandle};
    use std::time::Instant;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn append(path: &Path, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// What the follower hands on: `name:bytes` for each piece.
    fn look(follower: &mut Follower) -> Vec<String> {
        pieces(|sink| follower.advance(sink).map(drop))
    }

    fn begin(follower: &mut Follower, lines: Lines) -> Vec<String> {
        pieces(|sink| follower.begin(lines, sink))
    }

    fn pieces(give: impl FnOnce(&mut Sink<'_>) -> Result<()>) -> Vec<String> {
        let mut pieces = Vec::new();
        give(&mut |path: &Path, bytes: &[u8]| {
            let name = path.file_name().unwrap().to_string_lossy();
            pieces.push(format!("{name}:{}", String::from_utf8_lossy(bytes)));
            Ok(())
        })
        .unwrap();
        pieces
    }

    #[test]
    fn every_file_is_named_before_its_last_lines_and_only_growth_follows() {
        let dir = tempfile::tempdir().unwrap();
        let [out, err, none] = ["out", "err", "none"].map(|name| dir.path().join(name));
        append(&out, "1\n2\n3");
        append(&err, "");
        let mut follower = Follower::new([out.clone(), err.clone(), none.clone()]);
        assert_eq!(begin(&mut follower, Lines::Last(2)), ["out:", "out:2\n3", "err:"]);
        assert!(look(&mut follower).is_empty());
        append(&err, "e");
        append(&out, "4");
        append(&none, "new");
        assert_eq!(look(&mut follower), ["out:4", "err:e", "none:new"]);
        assert!(look(&mut follower).is_empty());
    }

    #[test]
    fn a_renamed_file_is_read_to_its_end_before_the_next_one() {
        let dir = tempfile::tempdir().unwrap();
        let (log, archive) = (dir.path().join("log"), dir.path().join("archive"));
        append(&log, "a");
        let mut follower = Follower::new([log.clone()]);
        begin(&mut follower, Lines::Last(0));
        fs::rename(&log, &archive).unwrap();
        append(&archive, "b");
        assert_eq!(look(&mut follower), ["log:b"]);
        append(&archive, "c");
        append(&log, "d");
        assert_eq!(look(&mut follower), ["log:c", "log:d"]);
        append(&archive, "nobody");
        append(&log, "e");
        assert_eq!(look(&mut follower), ["log:e"]);
    }

    #[test]
    fn a_file_cut_to_nothing_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        append(&log, "long line\n");
        let mut follower = Follower::new([log.clone()]);
        begin(&mut follower, Lines::Last(9));
        fs::write(&log, "new\n").unwrap();
        assert_eq!(look(&mut follower), ["log:new\n"]);
        File::create(&log).unwrap();
        assert!(look(&mut follower).is_empty());
        append(&log, "next\n");
        assert_eq!(look(&mut follower), ["log:next\n"]);
    }

    #[test]
    fn a_deleted_directory_may_come_back_with_other_files() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("web");
        let log = dir.join("log");
        fs::create_dir(&dir).unwrap();
        append(&log, "a");
        let mut follower = Follower::new([log.clone()]);
        begin(&mut follower, Lines::Last(1));
        append(&log, "b");
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(look(&mut follower), ["log:b"]);
        fs::create_dir(&dir).unwrap();
        assert!(look(&mut follower).is_empty());
        append(&log, "c");
        assert_eq!(look(&mut follower), ["log:c"]);
    }

    #[test]
    fn what_is_no_regular_file_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        crate::sys::fifo::make(&log).unwrap();
        let mut follower = Follower::new([log.clone()]);
        assert!(begin(&mut follower, Lines::Last(1)).is_empty());
        assert!(look(&mut follower).is_empty());
        fs::remove_file(&log).unwrap();
        append(&log, "a");
        assert_eq!(look(&mut follower), ["log:a"]);
    }

    /// A follower at work. Dropping `output` tells it that nobody listens.
    struct Running {
        pieces: Receiver<String>,
        seen: String,
        output: io::PipeReader,
        thread: JoinHandle<()>,
    }

    impl Running {
        fn of(paths: Vec<PathBuf>) -> Self {
            let (sender, pieces) = mpsc::channel();
            let (output, writer) = io::pipe().unwrap();
            let thread = thread::spawn(move || {
                let mut sink = |_: &Path, bytes: &[u8]| {
                    sender.send(String::from_utf8(bytes.to_vec()).unwrap()).map_err(io::Error::other)
                };
                Follower::new(paths).run(writer.as_fd(), &mut sink).unwrap();
            });
            Self { pieces, seen: String::new(), output, thread }
        }

        fn wait_for(&mut self, text: &str) {
            let deadline = Instant::now() + PATIENCE;
            while !self.seen.contains(text) {
                let left = deadline.saturating_duration_since(Instant::now());
                self.seen +=
                    &self.pieces.recv_timeout(left).unwrap_or_else(|_| panic!("no {text:?} in time"));
            }
        }

        fn end(self) -> String {
            drop(self.output);
            self.thread.join().unwrap();
            self.seen
        }
    }

    #[test]
    fn growth_is_noticed_wherever_it_appears() {
        let root = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| root.path().join(name).join("log"));
        fs::create_dir(one.parent().unwrap()).unwrap();
        let mut running = Running::of(vec![one.clone(), two.clone()]);
        append(&one, "a");
        running.wait_for("a");
        fs::create_dir(two.parent().unwrap()).unwrap();
        append(&two, "b");
        running.wait_for("b");
        fs::remove_dir_all(one.parent().unwrap()).unwrap();
        fs::create_dir(one.parent().unwrap()).unwrap();
        append(&one, "c");
        running.wait_for("c");
        assert_eq!(running.end(), "abc");
    }

    #[test]
    fn rotation_under_load_loses_and_doubles_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut running = Running::of(vec![log.clone()]);
        let mut written = String::new();
        for turn in 0..20 {
            for number in 0..200 {
                let line = format!("{turn}-{number}\n");
                append(&log, &line);
                written += &line;
                if number == 100 {
                    running.wait_for(&format!("\n{turn}-50\n"));
                }
            }
            fs::rename(&log, dir.path().join(format!("archive-{turn}"))).unwrap();
        }
        running.wait_for("19-199\n");
        assert_eq!(running.end(), written);
    }

    #[test]
    fn a_closed_output_ends_it_though_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Running::of(vec![dir.path().join("log")]).end(), "");
    }
}

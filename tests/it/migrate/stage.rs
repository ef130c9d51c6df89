//! An old installation in a home of its own.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{Mode, UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::mkfifo;

use super::fixture::{Entry, Fixture, Kind, Record};
use super::report::Report;
use super::snapshot::Snapshot;
use crate::harness::isolation::report;
use crate::harness::{Home, User, finish, proc};

/// When the oldest file of a fixture was written: October 2025.
const THEN: i64 = 1_760_400_000;

/// Whether stand-ins take the places of processes that ran when the installation was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Processes {
    Gone,
    Live,
}

pub(super) struct Stage {
    /// What the file says, with the paths, pids and times of this stage.
    pub(super) fixture: Fixture,
    /// The installation as it was found.
    pub(super) before: Snapshot,
    // Before the home, which goes only when nothing runs in it.
    stand_ins: Vec<StandIn>,
    user: Option<User>,
    pub(super) home: Home,
}

/// A process in the place of a recorded one. It ends with its owner.
pub(super) struct StandIn {
    /// Tag of a program, or path of the source.
    pub(super) of: String,
    child: Child,
    /// When it was started, in seconds of the epoch.
    start: i64,
}

impl Stage {
    /// `None`: it takes a user that cannot be had here.
    pub(super) fn new(id: &str, text: &str, processes: Processes) -> Option<Self> {
        let home = Home::new();
        let text = text.replace("@ROOT@", home.root().to_str().unwrap());
        let draft = Fixture::parse(&text);
        let user = draft.expect.ordinary_user.then(|| User::of(&home));
        if matches!(user, Some(None)) {
            report(format_args!("{id} SKIPPED: it takes an ordinary user, and root cannot become one here"));
            return None;
        }
        make_all(&home.root(), &draft.entries);
        let stand_ins = start_all(&home, &draft, processes);
        let fixture = Fixture::parse(&substitute(text, &draft, &stand_ins));
        let told = fixture.entries.iter().filter(|entry| !draft.entries.contains(entry));
        make_all(&home.root(), told);
        let user = user.flatten();
        settle(&home.root(), &fixture.entries, user.as_ref());
        Some(Self { before: Snapshot::of(&home.root()), fixture, stand_ins, user, home })
    }

    pub(super) fn root(&self) -> PathBuf {
        self.home.root()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::of(&self.root())
    }

    /// `tsm` with these words, run by whom the fixture wants.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        match &self.user {
            Some(user) => user.command(&self.home, words),
            None => self.home.tsm_command(words),
        }
    }

    #[track_caller]
    pub(super) fn tsm(&self, words: &[&str]) -> Output {
        finish(&mut self.command(words))
    }

    /// `tsm migrate --json` with these words.
    #[track_caller]
    pub(super) fn migrate(&self, words: &[&str]) -> Report {
        Report::new(self.tsm(&[&["migrate", "--json"], words].concat()))
    }

    /// Whether every process runs that was started.
    pub(super) fn all_run(&mut self) -> bool {
        self.stand_ins.iter_mut().all(StandIn::is_alive)
    }

    /// Ends some of the processes, by what they stand for.
    pub(super) fn end(&mut self, which: impl Fn(&str) -> bool) {
        self.stand_ins.retain(|stand_in| !which(&stand_in.of));
    }

    /// The process that stands in for the one of this record.
    pub(super) fn stand_in(&self, record: &Record) -> Option<&StandIn> {
        self.stand_ins.iter().find(|stand_in| stand_in.of == record.source)
    }

    /// Puts everything back as it was found.
    pub(super) fn reset(&self) {
        for entry in fs::read_dir(self.root()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        make_all(&self.root(), &self.fixture.entries);
        settle(&self.root(), &self.fixture.entries, self.user.as_ref());
    }
}

impl StandIn {
    fn start(home: &Home, of: &str, words: &[String], logs: [&str; 2]) -> Self {
        let [out, err] = logs.map(|log| {
            let path = home.root().join(log);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            File::options().append(true).create(true).open(path).unwrap()
        });
        let mut command = home.command(&words[0]);
        let child = command.args(&words[1..]).stdout(out).stderr(err).process_group(0).spawn().unwrap();
        Self { of: of.to_owned(), child, start: now() }
    }

    pub(super) fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own clock")]
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

fn start_all(home: &Home, fixture: &Fixture, processes: Processes) -> Vec<StandIn> {
    let programs = fixture.programs.iter();
    let mut all: Vec<StandIn> = programs
        .map(|program| StandIn::start(home, &program.tag, &program.words, [&program.out, &program.err]))
        .collect();
    if processes == Processes::Live {
        let sleep = ["sleep", "1000000"].map(str::to_owned);
        all.extend(fixture.records.iter().filter(|record| record.live).map(|record| {
            let [out, err] = logs_of(record);
            StandIn::start(home, &record.source, &sleep, [&out, &err])
        }));
    }
    all
}

/// Where the bash tool wrote what a process said.
pub(super) fn logs_of(record: &Record) -> [String; 2] {
    ["out", "err"].map(|stream| match record.source.strip_suffix("meta.json") {
        Some(dir) => format!("{dir}current.{stream}"),
        None => {
            let meta = record.source.replacen("/processes/", "/logs/", 1);
            meta.strip_suffix("meta").unwrap_or(&meta).to_owned() + stream
        }
    })
}

/// Puts in pids and times. Those of a record stand in every file that tells of it, and in what is expected.
fn substitute(text: String, draft: &Fixture, stand_ins: &[StandIn]) -> String {
    stand_ins.iter().fold(text, |text, stand_in| {
        let (pid, start) = (stand_in.pid().to_string(), stand_in.start);
        if let Some(record) = draft.records.iter().find(|record| record.source == stand_in.of) {
            let [old_pid, old_start] =
                ["pid", "start_time"].map(|member| record.number(member).unwrap().to_string());
            return text.replace(&old_pid, &pid).replace(&old_start, &start.to_string());
        }
        let tag = &stand_in.of;
        text.replace(&format!("@PID:{tag}@"), &pid)
            .replace(&format!("@START:{tag}@"), &start.to_string())
            .replace(&format!("@START-3600:{tag}@"), &(start - 3600).to_string())
    })
}

fn make_all<'a>(root: &Path, entries: impl IntoIterator<Item = &'a Entry>) {
    for entry in entries {
        make(&root.join(&entry.path), &entry.kind);
    }
}

/// Owners, modes and times, once everything is there.
fn settle(root: &Path, entries: &[Entry], user: Option<&User>) {
    if let Some(user) = user {
        user.take(root);
    }
    for entry in entries {
        let path = root.join(&entry.path);
        if let Some(mode) = entry.mode {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
    }
    age_dirs(root);
    for (entry, number) in entries.iter().zip(1..) {
        age(&root.join(&entry.path), THEN + number);
    }
}

fn make(path: &Path, kind: &Kind) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    match kind {
        Kind::File(bytes) => fs::write(path, bytes).unwrap(),
        Kind::Dir => fs::create_dir_all(path).unwrap(),
        Kind::Fifo => mkfifo(path, Mode::from_bits_truncate(0o644)).unwrap(),
        Kind::Link(text) => symlink(text, path).unwrap(),
    }
}

/// Makes every directory old.
fn age_dirs(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            age_dirs(&entry.path());
        }
    }
    age(dir, THEN);
}

fn age(path: &Path, time: i64) {
    let time = TimeSpec::new(time, 0);
    utimensat(AT_FDCWD, path, &time, &time, UtimensatFlags::NoFollowSymlink).unwrap();
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    const SAMPLE: &str = "\
-- expect
exit 0

-- record live tsm/processes/web.meta
{\"pid\": 4190001, \"start_time\": 1760300000}

-- process p
sleep 1000000
out tsm/logs/p.out
err tsm/logs/p.err

-- file 0600 tsm/processes/web.meta
script='@ROOT@/web' pid=4190001 start_time=1760300000
-- file tsm/pids/web.pid
4190001
-- file p
@PID:p@ @START:p@ @START-3600:p@
-- link tsm/link -> @ROOT@/to
-- fifo tsm/fifo
-- dir 0500 tsm
";

    #[test]
    fn what_a_fixture_says_is_there() {
        let stage = Stage::new("sample", SAMPLE, Processes::Gone).unwrap();
        let root = stage.root();
        let meta = format!("script='{}/web' pid=4190001 start_time=1760300000\n", root.display());
        assert_eq!(stage.home.read("tsm/processes/web.meta"), meta);
        assert_eq!(fs::read_link(root.join("tsm/link")).unwrap(), root.join("to"));
        let of = |path: &str| root.join(path).symlink_metadata().unwrap();
        assert_eq!((of("tsm").mode() & 0o777, of("tsm/processes/web.meta").mode() & 0o777), (0o500, 0o600));
        assert_eq!((of("tsm/processes/web.meta").mtime(), of("tsm/link").mtime()), (THEN + 1, THEN + 4));
        assert_eq!(of("tsm/logs").mtime(), THEN);

        let [program] = &stage.stand_ins[..] else { panic!("{} stand-ins", stage.stand_ins.len()) };
        let (pid, start) = (program.pid(), program.start);
        assert_eq!(stage.home.read("p"), format!("{pid} {start} {}\n", start - 3600));
        assert!(proc::is_alive(pid));
        assert_eq!(proc::descriptors(pid)[&1], root.join("tsm/logs/p.out"));
        drop(stage);
        assert!(!proc::is_alive(pid));
    }

    #[test]
    fn a_stand_in_takes_the_place_of_a_process_everywhere() {
        let stage = Stage::new("sample", SAMPLE, Processes::Live).unwrap();
        let record = &stage.fixture.records[0];
        let stand_in = stage.stand_in(record).unwrap();
        let (pid, start) = (stand_in.pid(), stand_in.start);
        let meta = format!("script='{}/web' pid={pid} start_time={start}\n", stage.root().display());
        assert_eq!(stage.home.read("tsm/processes/web.meta"), meta);
        assert_eq!(stage.home.read("tsm/pids/web.pid"), format!("{pid}\n"));
        assert_eq!(record.number("pid"), Some(pid.into()));
        assert_eq!(record.number("start_time"), Some(start));
        assert_eq!(proc::descriptors(pid)[&2], stage.root().join("tsm/logs/web.err"));
    }

    #[test]
    fn a_reset_takes_everything_back() {
        let stage = Stage::new("sample", SAMPLE, Processes::Gone).unwrap();
        fs::set_permissions(stage.root().join("tsm"), Permissions::from_mode(0o755)).unwrap();
        stage.home.put("tsm/new", "");
        stage.home.put("p", "changed");
        fs::remove_file(stage.root().join("tsm/fifo")).unwrap();
        stage.reset();
        // What the program appends to was made with it, and is not part of the fixture.
        let logs = |path: &Path| !path.starts_with("tsm/logs");
        let after = stage.snapshot();
        assert_eq!(stage.before.filtered(logs).differences(&after.filtered(logs)), [""; 0]);
    }
}

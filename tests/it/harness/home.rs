//! A private installation in a temporary directory, and the environment that commands run in.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::stat::{Mode, umask};
use serde_json::Value;
use tempfile::TempDir;

use super::port::PortClaim;
use super::{Process, binary, finish, reap, wait_until};

/// Where programs are looked for, after the `tsm` under test.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const SERVER: &str = "\
import socket, sys
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    server.bind(('127.0.0.1', int(sys.argv[1])))
except OSError:
    sys.exit('busy')
server.listen()
while True:
    server.accept()
";

/// A `TETRA_DIR` of its own, an empty directory to work in, an empty `HOME`. When it is dropped, everything that was
/// started in it ends and its files go.
pub(crate) struct Home {
    dir: Option<TempDir>,
    path: PathBuf,
    ports: Mutex<Vec<PortClaim>>,
}

impl Home {
    pub(crate) fn new() -> Self {
        // Modes of files are part of the contract, so the mask is the same everywhere.
        umask(Mode::from_bits_truncate(0o022));
        let dir = tempfile::Builder::new().prefix("tsm-it-").tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        let home = Self { dir: Some(dir), path, ports: Mutex::default() };
        for dir in [home.root(), home.work(), home.home(), home.bin()] {
            fs::create_dir(dir).unwrap();
        }
        symlink(binary::tsm(), home.bin().join("tsm")).unwrap();
        home
    }

    /// An installation that `tsm setup` has made.
    pub(crate) fn with_setup() -> Self {
        let home = Self::new();
        let output = home.tsm(&["setup"]);
        assert!(output.status.success(), "{output:?}");
        home
    }

    /// Parent of everything below.
    pub(crate) fn dir(&self) -> &Path {
        &self.path
    }

    /// `TETRA_DIR`
    pub(crate) fn root(&self) -> PathBuf {
        self.path.join("tetra")
    }

    /// Where commands run.
    pub(crate) fn work(&self) -> PathBuf {
        self.path.join("work")
    }

    /// `HOME`
    pub(crate) fn home(&self) -> PathBuf {
        self.path.join("home")
    }

    /// First on `PATH`; holds `tsm`.
    pub(crate) fn bin(&self) -> PathBuf {
        self.path.join("bin")
    }

    /// Any program in the pinned environment: the one place that says what commands see.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", format!("{}:{SYSTEM_PATH}", self.bin().display()))
            .env("HOME", self.home())
            .env("TETRA_DIR", self.root())
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .env("TERM", "dumb")
            .env("NO_COLOR", "1")
            .env("PYTHONUNBUFFERED", "1")
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// `tsm` with these words, to be changed before it runs.
    pub(crate) fn tsm_command(&self, words: &[&str]) -> Command {
        let mut command = self.command(self.bin().join("tsm").to_str().unwrap());
        command.args(words);
        command
    }

    /// Runs `tsm` with these words to its end.
    #[track_caller]
    pub(crate) fn tsm(&self, words: &[&str]) -> Output {
        finish(&mut self.tsm_command(words))
    }

    /// Runs a bash script to its end.
    #[track_caller]
    pub(crate) fn shell(&self, script: &str) -> Output {
        finish(self.command("bash").args(["--norc", "--noprofile", "-c", script]))
    }

    /// Starts a command (one text, as a shell reads it) without a port.
    #[track_caller]
    pub(crate) fn start(&self, name: &str, command: &str) -> Process {
        self.start_with(&["--name", name, "--port", "none", command])
    }

    /// Starts a command that has a port.
    #[track_caller]
    pub(crate) fn start_on(&self, port: u16, name: &str, command: &str) -> Process {
        self.start_with(&["--name", name, "--port", &port.to_string(), command])
    }

    /// As [`Home::tsm`], where a process counts as started sooner than by default.
    #[track_caller]
    pub(crate) fn tsm_soon(&self, words: &[&str]) -> Output {
        finish(self.tsm_command(words).env("TSM_STABILIZE_MS", "100"))
    }

    /// `tsm start` with these words, which must succeed. A process counts as started sooner than by default.
    #[track_caller]
    pub(crate) fn start_with(&self, words: &[&str]) -> Process {
        let output = self.tsm_soon(&[&["start"], words].concat());
        assert!(output.status.success(), "start {words:?}: {output:?}");
        let report = String::from_utf8_lossy(&output.stdout);
        Process::from_report(&report).unwrap_or_else(|| panic!("no process in the report {report:?}"))
    }

    /// A command that listens on a port, or says `busy` on stderr and fails.
    pub(crate) fn server(&self, port: u16) -> String {
        let script = self.put_work("serve.py", SERVER);
        format!("python3 -S {} {port}", script.display())
    }

    /// A port that is free and stays this home's.
    pub(crate) fn free_port(&self) -> u16 {
        let claim = PortClaim::new();
        let port = claim.port;
        self.ports.lock().unwrap().push(claim);
        port
    }

    /// Writes a file below `TETRA_DIR`, with its directories.
    pub(crate) fn put(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        write(&self.root().join(path), text.as_ref())
    }

    /// Writes a file below the directory that commands run in.
    pub(crate) fn put_work(&self, path: &str, text: impl AsRef<[u8]>) -> PathBuf {
        write(&self.work().join(path), text.as_ref())
    }

    /// Writes a record.
    pub(crate) fn put_record(&self, name: &str, record: &Value) -> PathBuf {
        self.put(&format!("tsm/runtime/processes/{name}.json"), format!("{record:#}\n"))
    }

    /// The text of a file below `TETRA_DIR`.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.root().join(path);
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether there is anything of that name below `TETRA_DIR`, a dangling link included.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.root().join(path).symlink_metadata().is_ok()
    }

    /// Every path below `TETRA_DIR`, relative to it, in order.
    pub(crate) fn tree(&self) -> Vec<String> {
        let mut paths = Vec::new();
        walk(&self.root(), &mut |path| {
            paths.push(path.strip_prefix(self.root()).unwrap().to_string_lossy().into_owned());
        });
        paths.sort();
        paths
    }

    /// The record of that name, which must be there.
    #[track_caller]
    pub(crate) fn record(&self, name: &str) -> Value {
        self.find_record(name).unwrap_or_else(|| panic!("no record of {name}"))
    }

    /// The record of that name, if there is one.
    pub(crate) fn find_record(&self, name: &str) -> Option<Value> {
        let path = self.root().join(format!("tsm/runtime/processes/{name}.json"));
        let bytes = fs::read(path).ok()?;
        Some(serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("record of {name}: {error}")))
    }

    /// `online`, `stopped`…
    #[track_caller]
    pub(crate) fn status(&self, name: &str) -> String {
        self.record(name)["status"].as_str().unwrap().to_owned()
    }

    /// The status, and all that goes with it: who writes it holds the lock until the event is written, too.
    #[track_caller]
    pub(crate) fn wait_for_status(&self, name: &str, status: &str) {
        wait_until(format_args!("{name} is {status}"), || {
            self.find_record(name).is_some_and(|record| record["status"] == status)
        });
        if let Ok(lock) = fs::File::open(self.root().join("tsm/runtime/.lock")) {
            wait_until("the writer is done", || lock.try_lock_shared().is_ok());
        }
    }

    /// What its pid file says.
    pub(crate) fn pid_file(&self, name: &str) -> Option<i32> {
        let text = fs::read_to_string(self.root().join(format!("tsm/runtime/pids/{name}.pid"))).ok()?;
        Some(text.strip_suffix('\n').expect("a pid file ends with a newline").parse().unwrap())
    }

    /// `current.out` or `current.err`, empty when there is none.
    pub(crate) fn log(&self, name: &str, stream: &str) -> String {
        let path = self.root().join(format!("tsm/runtime/logs/{name}/current.{stream}"));
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Every event of every day, oldest first.
    pub(crate) fn events(&self) -> Vec<Value> {
        let mut files: Vec<PathBuf> = Vec::new();
        walk(&self.root().join("tsm/db/events"), &mut |path| files.push(path.to_owned()));
        files.sort();
        let text: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What happened to a process: `start`, `stop`, `crash`…
    pub(crate) fn events_of(&self, name: &str) -> Vec<String> {
        let of_name =
            |event: &Value| (event["name"] == name).then(|| event["event"].as_str().unwrap().to_owned());
        self.events().iter().filter_map(of_name).collect()
    }

    /// The one process that reads this name's fifos, if there is one. Asking takes nothing.
    pub(crate) fn supervisor_of(&self, name: &str) -> Option<i32> {
        let path = self.root().join(format!("tsm/runtime/run/{name}/supervisor.lock"));
        let file = fs::File::open(path).ok()?;
        // The whole file, for writing: whoever holds any lock on it is in the way.
        let mut lock = nix::libc::flock {
            l_type: nix::libc::F_WRLCK.try_into().unwrap(),
            l_whence: nix::libc::SEEK_SET.try_into().unwrap(),
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        fcntl(&file, FcntlArg::F_GETLK(&mut lock)).unwrap();
        (i32::from(lock.l_type) != nix::libc::F_UNLCK).then_some(lock.l_pid)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let survivors = reap::reap(&self.path);
        let removed = self.dir.take().map_or(Ok(()), |dir| {
            make_writable(&self.path);
            dir.close()
        });
        if !std::thread::panicking() {
            assert!(survivors.is_empty(), "{survivors:?} would not end");
            removed.unwrap();
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    path.to_owned()
}

/// Everything below a directory, links not followed.
fn walk(dir: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        visit(&entry.path());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), visit);
        }
    }
}

/// A test may have closed directories, which would keep their files from being removed.
fn make_writable(dir: &Path) {
    let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{proc, wait_for};

    #[test]
    fn commands_see_nothing_of_the_environment_around() {
        let home = Home::new();
        let output = home.shell("env | cut -d= -f1 | sort | tr '\\n' ' '; type -P tsm; pwd; umask");
        let expected = format!(
            "HOME LC_ALL NO_COLOR PATH PWD PYTHONUNBUFFERED SHLVL TERM TETRA_DIR TZ _ {}\n{}\n0022\n",
            home.bin().join("tsm").display(),
            home.work().display(),
        );
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }

    #[test]
    fn who_holds_the_lock_is_the_supervisor() {
        let home = Home::new();
        assert_eq!(home.supervisor_of("web"), None);
        let lock = home.put("tsm/runtime/run/web/supervisor.lock", "");
        assert_eq!(home.supervisor_of("web"), None);

        let script = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(1000)";
        let mut holder = home.command("python3").args(["-c", script]).arg(lock).spawn().unwrap();
        let pid = wait_for("somebody holds the lock", || home.supervisor_of("web"));

        assert_eq!(pid, i32::try_from(holder.id()).unwrap());
        proc::kill(pid);
        holder.wait().unwrap();
        assert_eq!(home.supervisor_of("web"), None);
    }
}

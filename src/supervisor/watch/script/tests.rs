//! The script, run by a real bash into real fifos.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use super::*;
use crate::sys::fifo;
use crate::testing;

/// Puts the handshake on a descriptor with several digits and makes the caller's two streams one.
const WRAPPER: &str = r#"exec 213>&1 1>&2; exec "$@""#;

/// An installation, and the two fifos of a process in it.
struct Bench {
    temp: TempDir,
    config: Config,
    run: RunDir,
    kind: &'static str,
    fifos: [File; 2],
}

/// What became of a start.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    handshake: String,
    caller: String,
    out: String,
    err: String,
    code: Option<i32>,
}

impl Bench {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut config = testing::config(temp.path());
        config.path = "/usr/bin:/bin".into();
        let run = config.layout.run("na'me $(touch spliced) 1");
        fs::create_dir_all(run.path()).unwrap();
        let fifos = Stream::BOTH.map(|stream| {
            fifo::make(&run.fifo(stream)).unwrap();
            fifo::open_reader(&run.fifo(stream)).unwrap()
        });
        Self { temp, config, run, kind: "command", fifos }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.temp.path().join(below)
    }

    fn env_file(&self, text: &str) -> Option<&'static str> {
        fs::write(self.path("x.env"), text).unwrap();
        Some("x.env")
    }

    fn spawn(&self, command: &str, env_file: Option<&str>) -> Running {
        let start = Start { kind: self.kind, command, cwd: self.temp.path(), env_file };
        let words = arguments(&start, &self.run, &self.config);
        let words = words.into_iter().map(|word| if word == HANDSHAKE_FD { "213".into() } else { word });
        let mut child = Command::new("bash")
            .args(["-c", WRAPPER, "wrapper"])
            .args(words)
            .current_dir(self.temp.path())
            .env_clear()
            .env("PATH", &self.config.path)
            .env("INHERITED", "yes")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Running { handshake: child.stdout.take().unwrap(), caller: child.stderr.take().unwrap(), child }
    }

    fn start(&self, command: &str, env_file: Option<&str>) -> Outcome {
        let mut running = self.spawn(command, env_file);
        let mut outcome = Outcome::default();
        running.handshake.read_to_string(&mut outcome.handshake).unwrap();
        running.caller.read_to_string(&mut outcome.caller).unwrap();
        outcome.code = running.child.wait().unwrap().code();
        [outcome.out, outcome.err] = self.fifos.each_ref().map(waiting);
        outcome
    }

    /// What the command writes to stdout after a start without any trouble.
    fn output(&self, command: &str, env_file: Option<&str>) -> String {
        let outcome = self.start(command, env_file);
        assert_eq!(outcome, Outcome { out: outcome.out.clone(), ..said("", 0) });
        outcome.out
    }
}

struct Running {
    child: Child,
    handshake: ChildStdout,
    caller: ChildStderr,
}

/// Everything in a fifo that nobody writes to any more.
fn waiting(mut fifo: &File) -> String {
    let mut text = Vec::new();
    match fifo.read_to_end(&mut text) {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => panic!("{error}"),
        _ => String::from_utf8(text).unwrap(),
    }
}

/// A start that got as far as the command.
fn said(out: &str, code: i32) -> Outcome {
    Outcome { handshake: ".".into(), out: out.into(), code: Some(code), ..Outcome::default() }
}

#[test]
fn script_has_three_lines() {
    assert_eq!(SCRIPT.lines().count(), 3);
}

#[test]
fn both_streams_go_to_the_fifos_and_stdin_is_null() {
    let bench = Bench::new();
    let outcome = bench.start("bash -c 'cat; echo one; echo two >&2; exit 7'", None);
    assert_eq!(outcome, Outcome { err: "two\n".into(), ..said("one\n", 7) });
}

#[test]
fn process_is_the_bash_that_was_started() {
    let bench = Bench::new();
    let running = bench.spawn("sh -c 'echo $$; pwd'", None);
    let pid = running.child.id();
    assert!(running.child.wait_with_output().unwrap().status.success());
    let cwd = bench.temp.path().canonicalize().unwrap();
    assert_eq!(waiting(&bench.fifos[0]), format!("{pid}\n{}\n", cwd.display()));
}

#[test]
fn missing_program_is_reported_in_the_words_of_the_contract() {
    for setup in [
        ":",
        "shopt -s execfail",
        "set -eu",
        "exec() { :; }; alias exec=echo eval=echo; shopt -s expand_aliases",
    ] {
        let bench = Bench::new();
        let outcome = bench.start("nosuchcmd 6005", bench.env_file(setup));
        let err = "bash: line 3: exec: nosuchcmd: not found\n".to_owned();
        assert_eq!(outcome, Outcome { err, ..said("", 127) }, "{setup}");
    }
}

#[test]
fn only_exported_variables_reach_the_process() {
    let bench = Bench::new();
    let env_file = bench.env_file("export SEEN='a b'\nHIDDEN=1\n");
    let out = bench.output("env", env_file);
    let mut names: Vec<&str> = out.lines().map(|line| line.split('=').next().unwrap()).collect();
    names.retain(|name| *name != "_");
    names.sort_unstable();
    assert_eq!(names, ["INHERITED", "PATH", "PWD", "SEEN", "SHLVL"]);
    assert!(out.contains("SEEN=a b\n"));
}

#[test]
fn command_is_evaluated_after_the_env_file() {
    let bench = Bench::new();
    let env_file = bench.env_file("export PORT=5003\nLOCAL=here\n");
    assert_eq!(bench.output("echo $PORT \"$LOCAL\"  '$PORT' `echo x`", env_file), "5003 here $PORT x\n");
}

#[test]
fn neither_the_env_file_nor_the_command_sees_our_arguments() {
    let bench = Bench::new();
    let env_file = bench.env_file("export COUNT=$#:$*\n");
    assert_eq!(bench.output("echo $COUNT $# \"$*\"", env_file), "0: 0 \n");
}

#[test]
fn missing_env_file_is_skipped_in_silence() {
    let bench = Bench::new();
    assert_eq!(bench.output("echo up", Some("env/missing.env")), "up\n");
    assert_eq!(bench.output("echo up", Some("/")), "up\n", "a directory");
}

#[test]
fn env_file_is_never_looked_up_on_path() {
    let mut bench = Bench::new();
    testing::executable(&bench.path("bin/x.env"), "export FROM=path\n");
    bench.config.path = format!("{}:/usr/bin:/bin", bench.path("bin").display()).into();
    assert_eq!(bench.output("echo ${FROM-nothing}", Some("x.env")), "nothing\n");
}

#[test]
fn output_and_errors_of_the_env_file_are_the_callers() {
    let bench = Bench::new();
    let outcome = bench.start("echo up", bench.env_file("echo loading\necho careful >&2\n"));
    assert_eq!(outcome, Outcome { caller: "loading\ncareful\n".into(), ..said("up\n", 0) });
}

#[test]
fn env_file_that_exits_ends_the_start_without_a_handshake() {
    let bench = Bench::new();
    for (text, code) in [("exit 3", 3), ("set -e\nfalse\nexport X=1", 1)] {
        let outcome = bench.start("echo up", bench.env_file(text));
        assert_eq!(outcome, Outcome { code: Some(code), ..Outcome::default() }, "{text}");
    }
}

#[test]
fn hostile_env_files_do_not_stop_a_start() {
    for text in [
        "set -euo pipefail",
        "set -f; set -C; IFS=/tsm.",
        "set -o posix",
        "set -m",
        "false",
        "return 5",
        "set -- a b c",
        "unset PATH; PATH=/usr/bin:/bin",
        "for n in 3 4 5 6 7 8 9; do eval \"exec $n<&-\"; done",
        "exec >/dev/null 2>&1",
        "exec >&- 2>&-",
        "exec() { echo fake; }; eval() { echo fake; }; printf() { echo fake; }; trap() { echo fake; }",
        "shopt -s expand_aliases; alias exec='echo fake' eval='echo fake' printf='echo fake' unset=false",
        "trap 'exit 9' PIPE; trap '' HUP; trap 'exit 8' EXIT; trap 'exit 7' ERR; set -E",
        "__tsm=(gone)",
        "unset __tsm 2>/dev/null",
    ] {
        let bench = Bench::new();
        let outcome = bench.start("bash -c 'echo up'", bench.env_file(text));
        assert_eq!(outcome, Outcome { caller: outcome.caller.clone(), ..said("up\n", 0) }, "{text}");
    }
}

#[test]
fn nothing_is_spliced_into_the_script() {
    let bench = Bench::new();
    let name = "it's $(touch spliced) `touch spliced`;touch spliced \".env";
    fs::write(bench.path(name), "export LOADED=yes\n").unwrap();
    assert_eq!(bench.output("echo $LOADED", Some(name)), "yes\n");
    assert!(!bench.path("spliced").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn handshake_descriptor_does_not_reach_the_process() {
    let bench = Bench::new();
    let command = "bash -c 'test -e /proc/$$/fd/213 || echo closed'";
    assert_eq!(bench.output(command, None), "closed\n");
}

#[test]
fn one_byte_comes_though_the_env_file_leaves_a_holder_of_the_descriptor() {
    let bench = Bench::new();
    let gate = bench.path("gate");
    fifo::make(&gate).unwrap();
    let mut running = bench.spawn("echo up", bench.env_file("cat gate >/dev/null &"));
    let mut byte = [0];
    running.handshake.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b".");
    assert!(running.child.wait().unwrap().success());
    drop(File::create(&gate).unwrap());
    assert_eq!(running.handshake.read(&mut byte).unwrap(), 0);
}

#[test]
fn process_runs_though_nobody_waits_for_the_handshake() {
    let bench = Bench::new();
    let gate = bench.path("gate");
    fifo::make(&gate).unwrap();
    let running = bench.spawn("echo up", bench.env_file("read -r _ <gate"));
    let mut child = running.child;
    drop(running.handshake);
    File::create(&gate).unwrap().write_all(b"go\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(waiting(&bench.fifos[0]), "up\n");
}

#[test]
fn pipeline_holds_no_stream_of_the_caller() {
    let bench = Bench::new();
    let gate = bench.path("gate");
    fifo::make(&gate).unwrap();
    let mut running = bench.spawn("cat gate | cat", None);
    let mut caller = String::new();
    running.caller.read_to_string(&mut caller).unwrap();
    assert_eq!(caller, "");
    assert!(running.child.try_wait().unwrap().is_none());
    File::create(&gate).unwrap().write_all(b"through\n").unwrap();
    assert!(running.child.wait().unwrap().success());
    assert_eq!(waiting(&bench.fifos[0]), "through\n");
}

#[test]
fn pyenv_is_activated_for_python_alone() {
    let mut bench = Bench::new();
    let root = bench.path("pyenv");
    testing::executable(&root.join("bin/pyenv"), "#!/bin/sh\necho \"export ${1%%-*}=$2\"\nexit 1\n");
    bench.config.pyenv_root = Some(root.clone());
    assert_eq!(bench.output("echo ${init-no}", None), "no\n");
    bench.kind = "python";
    let path = format!("{0}/bin:{0}/shims:/usr/bin:/bin", root.display());
    assert_eq!(bench.output("echo $init $virtualenv \"$PATH\"", None), format!("--path - {path}\n"));
}

#[test]
fn broken_pyenv_and_nvm_are_no_obstacle() {
    let mut bench = Bench::new();
    bench.config.pyenv_root = Some(bench.path("nothing"));
    bench.kind = "python";
    assert_eq!(bench.output("echo up", None), "up\n");
    bench.kind = "node";
    fs::create_dir(bench.path("nvm")).unwrap();
    assert_eq!(bench.output("echo up", None), "up\n");
    fs::write(bench.path("nvm/nvm.sh"), "return 3\n").unwrap();
    assert_eq!(bench.output("echo up", None), "up\n");
}

#[test]
fn nvm_is_activated_for_node_before_the_env_file() {
    let mut bench = Bench::new();
    fs::create_dir(bench.path("nvm")).unwrap();
    let nvm = "nvm() { echo noise; echo noise >&2; export USED=\"$* $#\"; }; export COUNT=$#; return 3\n";
    fs::write(bench.path("nvm/nvm.sh"), nvm).unwrap();
    let env_file = bench.env_file("export BEFORE=$USED\n");
    let command = "echo \"$USED|$COUNT|$BEFORE|${TETRA_NVM##*/}\"";
    assert_eq!(bench.output(command, env_file), "|||\n");
    bench.kind = "node";
    assert_eq!(bench.output(command, env_file), "use node 2|0|use node 2|nvm\n");
}

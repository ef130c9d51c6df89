//! The bash tool itself starts services, tsm takes them over and gives them back. `TSM_REFERENCE`: a tetra source tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::isolation::{available, report};
use crate::harness::{Home, finish};

/// `bash_tsm` is the bash tool, in a shell of its own. Every step is shown with its exit code.
const SCRIPT: &str = r#"
    bash_tsm() {
        bash --norc --noprofile -c 'export TETRA_SRC=$1 MOD_SRC=$1/bash/tsm; shift
            [ ! -f "$TETRA_SRC/bash/utils/unified_log.sh" ] || source "$TETRA_SRC/bash/utils/unified_log.sh"
            source "$MOD_SRC/tsm.sh" >/dev/null 2>&1; tsm "$@"' - "$SOURCE" "$@"
    }
    step() { echo "\$ $*"; "$@" </dev/null 2>&1; echo "? $?"; }
    pids() { ps -eo pid=,args= | grep -E '[h]ttp.server 4100|[w]orker.sh|[s]leep 1000000' | grep -v __supervise | awk '{print $1}' | sort -n; }
    step bash_tsm setup
    step bash_tsm start --port 4100 --name web python3 -m http.server 4100
    step bash_tsm start --port 4101 --name worker bash "$WORK/worker.sh"
    step bash_tsm start --env "$WORK/env/dev.env" --name tagged bash "$WORK/tagged.sh"
    step bash_tsm list
    pids >"$WORK/pids.before"
    step tsm list
    pids >"$WORK/pids.taken-over"
    cp -r "$TETRA_DIR/tsm/runtime/processes" "$WORK/records"
    step tsm logs tagged --lines 2
    step tsm info web-4100
    step tsm stop tagged
    step tsm restart worker-4101
    step curl -s -o /dev/null http://127.0.0.1:4100/
    step tsm list
    pids >"$WORK/pids.restarted"
    step tsm migrate --rollback
    step tsm stop worker-4101
    step tsm migrate --rollback --force
    step bash_tsm list
    pids >"$WORK/pids.back"
"#;

/// A line for every millisecond, and its own end.
const WORKER: &str = "trap 'exit 0' TERM\nn=0\nwhile :; do echo $((n++)); sleep 0.001; done 2>/dev/null\n";
const TAGGED: &str = "echo \"tag $TAG\"\nexec sleep 1000000\n";

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, of no concern to the program")]
fn source() -> Option<PathBuf> {
    std::env::var_os("TSM_REFERENCE").map(PathBuf::from)
}

fn has(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .output()
        .is_ok_and(|found| found.status.success())
}

/// What was said, step by step. `None`: not here.
fn transcript(home: &Home) -> Option<String> {
    let skip = |why: &str| {
        report(format_args!("take-over from the bash tool SKIPPED: {why}"));
        None
    };
    let Some(source) = source() else { return skip("TSM_REFERENCE does not name a tetra source tree") };
    let missing = ["jq", "lsof", "ps", "curl"].into_iter().find(|program| !has(program));
    if let Some(missing) = missing {
        return skip(&format!("there is no {missing}"));
    }
    // The bash tool writes into its own source tree.
    copy(&source.join("bash"), &home.work().join("source/bash"));
    let isolation = match available() {
        Ok(isolation) => isolation,
        Err(why) => return skip(why),
    };
    home.put_work("worker.sh", WORKER);
    home.put_work("tagged.sh", TAGGED);
    home.put_work("env/dev.env", "export TAG='a b'\nexport PORT=4102\n");
    let mut command = isolation.command(home, SCRIPT);
    command.env("WORK", home.work()).env("SOURCE", home.work().join("source"));
    Some(String::from_utf8_lossy(&finish(&mut command).stdout).into_owned())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let output = Command::new("cp").arg("-a").args([from, to]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// What a step said, and its exit code.
#[track_caller]
fn step<'a>(said: &'a str, command: &str) -> (&'a str, i32) {
    let begin = format!("$ {command}\n");
    let at = said.find(&begin).unwrap_or_else(|| panic!("no {command} in {said}")) + begin.len() - 1;
    let (output, code) = said[at..].split_once("\n? ").unwrap();
    (output, code.lines().next().unwrap().parse().unwrap())
}

fn pids(home: &Home, when: &str) -> Vec<i32> {
    let text = fs::read_to_string(home.work().join(format!("pids.{when}"))).unwrap();
    text.lines().map(|line| line.trim().parse().unwrap()).collect()
}

#[test]
fn what_the_bash_tool_started_is_taken_over_and_given_back() {
    let home = Home::new();
    let Some(said) = transcript(&home) else { return };
    report(&said);
    let before = pids(&home, "before");
    assert_eq!(before.len(), 3, "{said}");
    assert_eq!(pids(&home, "taken-over"), before, "a process was ended, or there are two");
    let record = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(home.work().join(format!("records/{name}.json"))).unwrap()).unwrap()
    };
    for name in ["web-4100", "worker-4101", "tagged-4102"] {
        assert_eq!(record(name)["status"], "online", "{said}");
        let (list, _) = step(&said, "tsm list");
        assert!(
            list.lines().any(|line| line.contains(&format!(" {name} ")) && line.contains(" online ")),
            "{said}"
        );
    }
    assert!(record("tagged-4102")["env_file"].as_str().unwrap().ends_with("env/dev.env"), "{said}");
    assert!(step(&said, "tsm logs tagged --lines 2").0.contains("tag a b"), "{said}");
    for command in ["tsm info web-4100", "tsm stop tagged", "tsm restart worker-4101"] {
        assert_eq!(step(&said, command).1, 0, "{said}");
    }
    assert_eq!(step(&said, "curl -s -o /dev/null http://127.0.0.1:4100/").1, 0, "{said}");
    let restarted = pids(&home, "restarted");
    assert_eq!(
        (restarted.len(), restarted.iter().filter(|pid| before.contains(pid)).count()),
        (2, 1),
        "{said}"
    );

    // What runs under tsm by now is not the bash tool's to take back, before it is stopped.
    assert_eq!(step(&said, "tsm migrate --rollback").1, 6, "{said}");
    assert_eq!(step(&said, "tsm migrate --rollback --force").1, 0, "{said}");
    let web = i32::try_from(record("web-4100")["pid"].as_i64().unwrap()).unwrap();
    assert_eq!(pids(&home, "back"), [web], "{said}");
    let list = said.rsplit_once("$ bash_tsm list\n").unwrap().1;
    assert!(list.contains("web-4100") && list.contains(&web.to_string()), "{said}");
    let log = home.read("tsm/runtime/logs/worker-4101.out");
    let mut runs = 0;
    let mut next = 0_u64;
    for line in log.lines() {
        if line == "0" {
            (runs, next) = (runs + 1, 0);
        }
        assert_eq!(line, next.to_string(), "run {runs}");
        next += 1;
    }
    assert_eq!(runs, 2, "both runs are in the log");
}

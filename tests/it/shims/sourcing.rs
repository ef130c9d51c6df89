//! Sourcing: silent, without a process, and without a trace in the shell but functions and variables.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::harness::isolation::report;
use crate::harness::{Home, finish};

/// What a shell may be like when it sources the shim.
const SHELLS: [&str; 21] = [
    ":",
    "set -e",
    "set -u",
    "set -o pipefail",
    "set -o noclobber",
    "set -f",
    "set -E; trap 'echo trapped' ERR",
    "trap 'echo trapped >>trap' DEBUG",
    "CDPATH=/:/tmp",
    "IFS=",
    "IFS=s/",
    "shopt -s failglob",
    "shopt -s nullglob nocasematch extglob",
    "set -o posix",
    "readonly TSM_DIR=/x TSM_SRC TSM_LOGS_DIR=/z TSM_LOG_MAX_LINES=5 TSM_DEFAULT_PORT TSM_GLOBAL_STATE_INITIALIZED=false",
    "alias tsm=ls grep='grep --color' mkdir='echo mkdir'",
    "tsm() { echo stub; }",
    "set -- one 'two words'",
    "unset HOME",
    "unset MOD_SRC TETRA_SRC",
    "tetra_module_register() { echo noise \"$@\"; false; }; tetra_register_module_meta() { echo noise; return 3; }",
];

/// Nothing printed, nothing changed, and a `tsm` that works.
const CHECK: &str = r#"
before=$(set +o; shopt -p; trap; pwd; printf '<%s>' "$@")
source "$SHIM/$FILE"; code=$?
after=$(set +o; shopt -p; trap; pwd; printf '<%s>' "$@")
[ "$code" = 0 ] || printf '%s\n' "status $code"
[ "$before" = "$after" ] || printf '%s\n' changed "$before" "$after"
type -t tsm
tsm --version >/dev/null || echo 'does not run'
source "$SHIM/$FILE"
"#;

fn check(home: &Home, shim: &Path, shell: &str, file: &str) {
    let script = format!("{shell}\n{CHECK}");
    let mut command = home.command("bash");
    command.args(["--norc", "-O", "expand_aliases", "-c", &script]).env("SHIM", shim).env("FILE", file);
    let output = finish(&mut command);
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(said, "function\n", "{file} under: {shell}");
}

#[test]
fn a_shell_of_any_kind_is_left_as_it_was() {
    let home = Home::new();
    let shim = home.shims();
    for shell in SHELLS {
        check(&home, &shim, shell, "tsm.sh");
    }
    let all: Vec<&str> = SHELLS.into_iter().filter(|shell| !shell.starts_with("IFS=s")).collect();
    check(&home, &shim, &all.join("\n"), "tsm.sh");
    check(&home, &shim, &all.join("\n"), "includes.sh");
}

#[test]
fn every_way_in_is_the_same() {
    let home = Home::new();
    let shim = home.shims();
    for file in [
        "includes.sh",
        "include.sh",
        "include_minimal.sh",
        "core/include.sh",
        "interfaces/repl.sh",
        "tsm_repl.sh",
        "tsm_analytics.sh",
        "tsm_session_aggregator.sh",
        "tsm_monitor.sh",
    ] {
        check(&home, &shim, "set -euE -o pipefail; trap 'echo trapped' ERR", file);
    }
    let script = "cd \"$SHIM\"; f() { local TSM_DIR=mine; source tsm.sh; }; f; source ./includes.sh; cd core; source ../core/include.sh; cd /
        tsm --version | cut -d' ' -f1; echo \"$TSM_DIR\"; tsm_module_actions | wc -l";
    let output = finish(home.command("bash").args(["-c", script]).env("SHIM", &shim));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, format!("tsm\n{}/core/..\n1\n", shim.display()), "{output:?}");
}

#[test]
fn no_process_is_started_when_the_ports_are_there() {
    let home = Home::with_setup();
    let shim = home.shims();
    let trace = home.work().join("trace");
    let source = format!("source {}/includes.sh", shim.display());
    let mut command = home.command("strace");
    command.args([
        "-f",
        "-qq",
        "-e",
        "trace=process",
        "-o",
        trace.to_str().unwrap(),
        "bash",
        "--norc",
        "-c",
        &source,
    ]);
    if home.command("strace").arg("-V").output().is_err() {
        report("sourcing without a process SKIPPED: no strace");
        return;
    }
    if !finish(&mut command).status.success() {
        report("sourcing without a process SKIPPED: nothing can be traced here");
        return;
    }
    let trace = fs::read_to_string(&trace).unwrap();
    assert_eq!(trace.matches("execve(").count(), 1, "{trace}");
    assert!(!["clone", "fork"].iter().any(|call| trace.contains(call)), "{trace}");
}

#[test]
fn the_file_of_ports_appears_whole_and_once() {
    let home = Home::new();
    let shim = home.shims();
    let script = "set -eC; for i in 1 2 3 4 5 6 7 8; do bash -c \"source $SHIM/tsm.sh\" & done; wait; ls -A \"$TETRA_DIR/config\"; stat -c %a \"$TETRA_DIR/config/ports.toml\"";
    let output = finish(home.command("bash").args(["-c", script]).env("SHIM", &shim));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ports.toml\n644\n", "{output:?}");
    assert_eq!(home.read("config/ports.toml"), include_str!("../../../src/ports/named/ports.toml"));
    home.put("config/ports.toml", "mine\n");
    home.shell(&format!("source {}/tsm.sh", shim.display()));
    assert_eq!(home.read("config/ports.toml"), "mine\n");
}

#[test]
fn what_keeps_the_file_of_ports_from_being_made_is_passed_over() {
    let home = Home::new();
    let shim = home.shims();
    home.put("config", "a file\n");
    check(&home, &shim, "set -e", "tsm.sh");
    assert_eq!(home.read("config"), "a file\n");
    fs::remove_file(home.root().join("config")).unwrap();
    fs::create_dir(home.root().join("config")).unwrap();
    symlink("nowhere", home.root().join("config/ports.toml")).unwrap();
    check(&home, &shim, "set -e", "tsm.sh");
    assert_eq!(home.tree(), ["config", "config/ports.toml"]);
}

#[test]
fn variables_follow_tetra_dir() {
    let home = Home::new();
    let shim = home.shims();
    let script = "export TSM_LOGS_DIR=/old TSM_DEFAULT_PORT=5; MOD_SRC=; unset TETRA_DIR
        source \"$SHIM/tsm.sh\"; tsm_module_init
        env | grep -E '^(TSM|TETRA|MOD)_' | grep -v TSM_BIN | sort; echo; echo \"$TSM_DEFAULT_PORT $TSM_SERVICES_AVAILABLE\"
        unset HOME TETRA_DIR TSM_LOGS_DIR; source \"$SHIM/tsm.sh\"; tsm list; echo $? \"${TSM_LOGS_DIR-none}\"";
    let output = finish(home.command("bash").args(["-c", script]).env("SHIM", &shim));
    let said = String::from_utf8_lossy(&output.stdout).replace(shim.to_str().unwrap(), "SHIM");
    let said =
        said.replace(home.home().to_str().unwrap(), "HOME").replace(home.dir().to_str().unwrap(), "DIR");
    insta::assert_snapshot!(said, @r"
    TSM module initialized successfully
    TETRA_DIR=HOME/tetra
    TETRA_SRC=DIR/src
    TSM_DEFAULT_PORT=5
    TSM_DIR=SHIM
    TSM_GLOBAL_STATE_INITIALIZED=true
    TSM_ID_FILE=HOME/tetra/tsm/runtime/next_id
    TSM_LOGS_DIR=HOME/tetra/tsm/runtime/logs
    TSM_PIDS_DIR=HOME/tetra/tsm/runtime/pids
    TSM_PORTS_DIR=HOME/tetra/tsm/runtime/ports
    TSM_PROCESSES_DIR=HOME/tetra/tsm/runtime/processes
    TSM_SRC=SHIM

    5 HOME/tetra/tsm/services-available
    1 none
    ");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "tsm: TETRA_DIR not set\n");
}

#[test]
fn the_executable_is_looked_for_in_order() {
    let home = Home::new();
    let shim = home.shims();
    let tsm = home.bin().join("tsm").canonicalize().unwrap();
    fs::remove_file(shim.join("tsm")).unwrap();
    let places = ["own/tsm", "src/bash/tsm/tsm", "src/bash/tsm/bin/tsm", "src/bin/tsm", "bin/tsm"];
    for (index, place) in places.iter().enumerate() {
        let path = home.dir().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = symlink(&tsm, &path);
        assert!(path.exists(), "{index}");
    }
    let script = "source \"$SHIM/tsm.sh\"; echo \"$TSM_BIN\"; sh -c 'tsm --version' | cut -d' ' -f1";
    for place in places {
        let path = home.dir().join(place);
        let mut command = home.command("bash");
        command.args(["--norc", "-c", script]).env("SHIM", &shim).env("TSM_BIN", home.dir().join("own/tsm"));
        let output = finish(&mut command);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            format!("{}\ntsm\n", path.display()),
            "{output:?}"
        );
        fs::remove_file(path).unwrap();
    }
    let output = finish(
        home.command("bash")
            .args(["-c", "set -e; source \"$SHIM/tsm.sh\"; tetra_tsm_list"])
            .env("SHIM", &shim),
    );
    assert_eq!(output.status.code(), Some(127));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "tsm: binary not found (set TSM_BIN)\n");
}

#[test]
fn a_script_that_sources_the_shim_does_not_call_itself_for_ever() {
    let home = Home::new();
    let shim = home.shims();
    fs::remove_file(shim.join("tsm")).unwrap();
    fs::remove_file(home.bin().join("tsm")).unwrap();
    let wrapper = home.bin().join("tsm");
    fs::write(&wrapper, format!("#!/bin/bash\nsource {}/tsm.sh\ntsm \"$@\"\n", shim.display())).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let output = home.shell("tsm list");
    assert_eq!(output.status.code(), Some(127), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "tsm: binary not found (set TSM_BIN)\n");
}

#[test]
fn init_is_the_callers_own_where_he_has_one() {
    let home = Home::new();
    let shim = home.shims();
    let script = format!(
        "source {}/tsm.sh; tsm init 2>/dev/null; tetra_env_init() {{ printf '<%s>' \"$@\"; }}; tsm init a 'b c'; tetra_tsm_kill 2>/dev/null; echo $?",
        shim.display()
    );
    let output = home.shell(&script);
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("<a><b c>64\n"), "{output:?}");
}

#[test]
fn processes_know_nothing_of_the_shim() {
    let home = Home::with_setup();
    let shim = home.shims();
    let wrapper =
        home.put_work("tsm", format!("#!/bin/sh\nexec {} \"$@\"\n", home.bin().join("tsm").display()));
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let script = format!(
        "export TSM_BIN={}; source {}/tsm.sh; TSM_STABILIZE_MS=100 tsm start --name x --port none sleep 300",
        wrapper.display(),
        shim.display()
    );
    let output = home.shell(&script);
    let process = crate::harness::Process::from_report(&String::from_utf8_lossy(&output.stdout)).unwrap();
    let environ = process.environ();
    assert!(
        !environ.keys().any(|key| key.starts_with("_tsm") || key.starts_with("BASH_FUNC")),
        "{environ:?}"
    );
}

#[test]
fn scripts_are_run_by_path() {
    let home = Home::with_setup();
    let shim = home.shims();
    for (script, words) in [
        (
            "tsm_session_aggregator.sh",
            &["sessions", "extract", "users", "disambiguate", "patterns", "behavior"][..],
        ),
        (
            "tsm_analytics.sh",
            &["clicks", "click-timing", "journey", "user-journey", "performance", "click-perf"],
        ),
        ("tsm_monitor.sh", &["monitor", "watch", "stream", "dashboard", "stats"]),
    ] {
        let path = shim.join(script);
        let usage = finish(&mut home.command(path.to_str().unwrap()));
        assert_eq!(usage.status.code(), Some(0));
        assert_eq!(
            String::from_utf8_lossy(&usage.stdout),
            format!("Usage: {script} {{{}}} [argument...]\n", words.join("|"))
        );
        // Neither TSM_BIN nor PATH is needed.
        for word in words {
            let mut command = home.command(path.to_str().unwrap());
            command.env("PATH", "/usr/bin:/bin").args([word, "a", "b"]);
            let (by_path, direct) = (finish(&mut command), home.tsm(&[&command_of(word), "a", "b"]));
            assert_eq!((by_path.stdout, by_path.stderr), (direct.stdout, direct.stderr), "{word}");
            assert_eq!(by_path.status.code(), direct.status.code(), "{word}");
        }
    }
}

/// What an old word is called now.
fn command_of(word: &str) -> String {
    let pairs = [
        ("extract", "sessions"),
        ("disambiguate", "users"),
        ("behavior", "patterns"),
        ("click-timing", "clicks"),
        ("user-journey", "journey"),
        ("performance", "click-perf"),
        ("watch", "monitor"),
        ("stats", "dashboard"),
    ];
    pairs.iter().find(|(old, _)| *old == word).map_or(word, |(_, new)| new).to_owned()
}

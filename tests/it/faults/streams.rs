//! Fault 18 of docs/faults.md: what stdout may be, and where HOME and TETRA_DIR may lie.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Output;

use nix::unistd::Uid;
use serde_json::Value;

use super::{succeed, text};
use crate::harness::isolation::report;
use crate::harness::{Home, Process, finish};

#[test]
fn the_first_word_that_a_script_reads_is_json_in_a_place_that_was_never_used() {
    for words in [
        &["list", "--json"][..],
        &["ls", "--json"],
        &["list", "--json", "-a"],
        &["ls", "--json", "--all"],
        &["patrol", "--json"],
        &["patrol", "--once", "--json"],
    ] {
        for there in [true, false] {
            let home = Home::new();
            if !there {
                fs::remove_dir(home.root()).unwrap();
            }
            let output = home.tsm(words);
            assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
            assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok(), "{words:?}: {output:?}");
            assert!(output.stdout.ends_with(b"\n"), "{words:?}");
        }
    }
    let home = Home::new();
    let process = home.start("web", "sleep 1000000");
    let output = home.tsm(&["info", &process.name, "--json"]);
    assert!(
        serde_json::from_slice::<Value>(&output.stdout).is_ok() && output.stderr.is_empty(),
        "{output:?}"
    );
}

/// What these redirections make of a command, which is said on stderr to end with its code.
fn redirected(home: &Home, words: &str, redirection: &str) -> Output {
    home.shell(&format!("export TSM_STABILIZE_MS=50; {{ tsm {words}; echo \"code $?\" >&2; }} {redirection}"))
}

/// Whatever stdout is, a command does what it is told.
#[test]
fn a_stdout_that_is_closed_or_full_or_read_no_further_keeps_no_command_from_its_work() {
    let home = Home::new();
    for redirection in [">&-", ">/dev/full", "| head -c 1 >/dev/null", "| true", "<&- >&-"] {
        let check = |words: &str, code: i32| {
            let output = redirected(&home, words, redirection);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            let last = said.lines().last().unwrap_or_default();
            // What got lost on the way out is told: in words, or by the code that a closed pipe has.
            let lost = if redirection == ">/dev/full" { "code 1" } else { "code 141" };
            let expected = [format!("code {code}"), lost.to_owned()];
            assert!(expected.iter().any(|code| code == last), "{words} {redirection}: {said}");
            assert!(!said.contains("panicked"), "{words} {redirection}: {said}");
        };
        let names = || super::file_names(&home.root().join("tsm/runtime/processes"));
        check("setup", 0);
        check("start --name web --port none sleep 1000000", 0);
        let [file] = &names()[..] else { panic!("{redirection}: {:?}", names()) };
        let name = file.strip_suffix(".json").unwrap();
        assert_eq!(home.status(name), "online", "{redirection}");
        for words in
            ["list", "list --json", "ls --json", "help", "help start", "list help", "--version", "patrol"]
        {
            check(words, 0);
        }
        for words in ["info", "paths", "env", "logs"] {
            check(&format!("{words} {name}"), 0);
        }
        check(&format!("restart {name}"), 0);
        assert_eq!(home.record(name)["restarts"], 1, "{redirection}");
        assert_eq!(home.status(name), "online", "{redirection}");
        check(&format!("stop {name}"), 0);
        assert_eq!(home.status(name), "stopped", "{redirection}");
        check(&format!("delete {name}"), 0);
        assert_eq!(names(), [""; 0], "{redirection}");
    }
}

#[test]
fn a_stderr_that_is_closed_or_full_changes_no_exit_code() {
    let home = Home::new();
    for redirection in ["2>&-", "2>/dev/full", ">&- 2>&-", ">&- 2>&- <&-"] {
        for (words, code) in [("stop", 64), ("info nothing", 1), ("nonsense", 1), ("start", 64)] {
            let plain = home.shell(&format!("tsm {words}")).status.code();
            let output = home.shell(&format!("tsm {words} {redirection}"));
            assert_eq!(output.status.code(), plain, "{words} {redirection}");
            if words != "nonsense" {
                assert_eq!(plain, Some(code), "{words}");
            }
        }
        let output = home.shell(&format!(
            "TSM_STABILIZE_MS=50 tsm start --name e --port none sleep 1000000 {redirection}"
        ));
        assert_eq!(output.status.code(), Some(0), "{redirection}");
        succeed(&home, &["delete", "*"]);
    }
}

#[test]
fn the_first_line_of_a_long_list_may_be_all_that_is_read() {
    let home = Home::new();
    for number in 0..1500 {
        home.put(&format!("tsm/services-available/service{number}.tsm"), "TSM_PORT=1\n");
    }
    let output = home.shell("set -o pipefail; tsm list all | head -1");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("ID"), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    assert!(matches!(output.status.code(), Some(0 | 141)), "{output:?}");
}

#[test]
fn without_home_and_tetra_dir_every_command_says_so() {
    let home = Home::new();
    for (unset, empty) in [(true, false), (false, true)] {
        for words in [
            &["list"][..],
            &["list", "--json"],
            &["start", "sleep 1"],
            &["stop", "x"],
            &["patrol"],
            &["setup"],
            &["info", "x"],
        ] {
            let mut command = home.tsm_command(words);
            for name in ["HOME", "TETRA_DIR"] {
                if unset {
                    command.env_remove(name);
                }
                if empty {
                    command.env(name, "");
                }
            }
            let output = finish(&mut command);
            assert_eq!(
                (output.status.code(), text(&output).as_str()),
                (Some(1), "tsm: TETRA_DIR not set\n"),
                "{words:?}"
            );
        }
    }
    assert_eq!(super::file_names(&home.work()), [""; 0]);
}

#[test]
fn without_tetra_dir_it_is_below_home_and_without_home_nothing_is_missed() {
    let home = Home::new();
    let output = finish(home.tsm_command(&["setup"]).env_remove("TETRA_DIR"));
    assert!(output.status.success(), "{output:?}");
    assert!(home.home().join("tetra/tsm/runtime").is_dir());
    assert!(home.tree().is_empty());

    let words = ["start", "--name", "web", "--port", "none", "sleep 1000000"];
    let output = finish(home.tsm_command(&words).env_remove("HOME").env("TSM_STABILIZE_MS", "50"));
    let process = Process::from_report(&text(&output)).unwrap();
    for words in [&["list"][..], &["stop", &process.name], &["delete", &process.name]] {
        let output = finish(home.tsm_command(words).env_remove("HOME"));
        assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
    }
}

/// An ordinary user who may not write below HOME. Root may write anywhere, so it is one for as long.
#[test]
fn a_home_that_cannot_be_written_is_named_in_one_line() {
    let home = Home::new();
    fs::set_permissions(home.home(), fs::Permissions::from_mode(0o555)).unwrap();
    let Some(user) = super::User::of(&home) else {
        return report("a HOME that cannot be written SKIPPED: root cannot become an ordinary user here");
    };
    let run = |words: &[&str]| finish(user.command(&home, words).env_remove("TETRA_DIR"));
    let list = run(&["list"]);
    assert!(list.status.success() && list.stderr.is_empty(), "{list:?}");
    for words in [&["start", "--port", "none", "sleep 1000000"][..], &["setup"]] {
        let output = run(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        assert_eq!(said.lines().count(), 1, "{words:?}: {said}");
        assert!(said.contains("Permission denied") && said.contains("tetra"), "{words:?}: {said}");
    }
    assert_eq!(super::file_names(&home.home()), [""; 0]);
    // It is no hindrance where everything lies elsewhere.
    let output = finish(
        user.command(&home, &["start", "--port", "none", "sleep 1000000"]).env("TSM_STABILIZE_MS", "50"),
    );
    let process = Process::from_report(&text(&output)).unwrap_or_else(|| panic!("{output:?}"));
    let output = finish(&mut user.command(&home, &["stop", &process.name]));
    assert!(output.status.success(), "{output:?}");
    assert!(Uid::effective().is_root() == user.is_another());
}

#[test]
fn the_installation_may_have_any_path() {
    let home = Home::new();
    let real = home.dir().join("real");
    fs::create_dir(&real).unwrap();
    symlink(&real, home.dir().join("link")).unwrap();
    let dir = home.dir().display().to_string();
    for (number, path) in [
        format!("{dir}/two  blanks ' \" $(touch pwned) é"),
        format!("{dir}/slash///"),
        format!("{dir}/link"),
        format!("{dir}/link/"),
        format!("{dir}/real/../real/./deep"),
        "relative".to_owned(),
        "./relative too/".to_owned(),
        "../work/up".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let tsm = |words: &[&str]| {
            finish(home.tsm_command(words).env("TETRA_DIR", path).env("TSM_STABILIZE_MS", "50"))
        };
        let name = format!("web{number}");
        let output = tsm(&[
            "start",
            "--name",
            &name,
            "--port",
            "none",
            "bash -c 'cd /; echo $0 >&2; exec sleep 1000000'",
        ]);
        let process = Process::from_report(&text(&output)).unwrap_or_else(|| panic!("{path}: {output:?}"));
        let name = process.name.as_str();
        assert!(text(&tsm(&["list"])).contains(name), "{path}");
        let paths = text(&tsm(&["paths", name]));
        let log = paths.lines().find_map(|line| line.strip_prefix("  err:  ")).unwrap();
        assert!(log.starts_with('/'), "{path}: {paths}");
        crate::harness::wait_until("it has spoken", || {
            fs::read_to_string(log).is_ok_and(|text| !text.is_empty())
        });
        // From another directory the same place has another relative name, and the process is still known there.
        for words in [&["restart", name][..], &["patrol"], &["stop", name], &["delete", name]] {
            let output = tsm(words);
            assert!(output.status.success(), "{path}: {words:?}: {output:?}");
        }
        assert!(!process.is_alive(), "{path}");
    }
    assert!(!home.work().join("pwned").exists());
}

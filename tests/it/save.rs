//! `tsm save`: definitions from commands and processes, and the list of what runs.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::harness::{Home, assert_transcript, finish};

const DUMP: &str = "tsm/runtime/dump.json";

fn definition(home: &Home, name: &str) -> String {
    home.read(&format!("tsm/services-available/{name}.tsm"))
}

fn answered(home: &Home, words: &[&str], answer: &str) -> Output {
    let mut child = home
        .tsm_command(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn saved(home: &Home) -> Value {
    serde_json::from_str(&home.read(DUMP)).unwrap()
}

#[test]
fn a_definition_is_dated_in_local_time_and_leaves_no_draft() {
    let home = Home::new();
    let output = finish(home.tsm_command(&["save", "a", "x"]).env("TZ", "XYZ-5"));
    assert_eq!(code(&output), Some(0));
    let date = definition(&home, "a").lines().nth(2).unwrap().to_owned();
    let pattern =
        regex::Regex::new(r"^# Generated on \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d XYZ \d{4}$").unwrap();
    assert!(pattern.is_match(&date), "{date}");
    assert_eq!(home.tree(), ["tsm", "tsm/services-available", "tsm/services-available/a.tsm"]);
}

#[test]
fn only_a_y_overwrites() {
    let home = Home::new();
    home.tsm(&["save", "a", "first"]);
    for (answer, expected) in
        [("", "first"), ("n", "first"), ("\n", "first"), ("Yes", "second"), ("y", "third")]
    {
        let output = answered(&home, &["save", "a", if answer == "y" { "third" } else { "second" }], answer);
        assert_eq!(code(&output), Some(0), "{answer:?}");
        assert!(definition(&home, "a").contains(&format!("TSM_COMMAND=\"{expected}\"\n")), "{answer:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("⚠️  Service 'a' already exists.\n\n"), "{text}");
        assert_eq!(text.contains("Cancelled. Service not saved.\n"), expected == "first", "{text}");
    }
}

#[test]
fn a_process_is_saved_by_its_id_even_when_it_is_dead() {
    let home = Home::new();
    home.put_work("env/dev.env", "");
    let process = home.start_with(&["--name", "my-app", "--port", "4000", "--env", "dev", "sleep 1000000"]);
    home.tsm(&["stop", &process.name]);
    assert_transcript!(home, home.tsm(&["save", "0"]), @r"
    status 0
    --- stdout
    ✅ Saved running process 'my-app-4000' as service: <ROOT>/tsm/services-available/my.tsm
       Command: sleep 1000000
       Working directory: <WORK>
       Environment file: env/dev.env
       Port: 4000

    Enable with: tsm enable my
    Start with: tsm start my
    --- stderr
    ");
    assert!(definition(&home, "my").contains("TSM_ENV_FILE=\"env/dev.env\"\nTSM_PORT=\"4000\"\n"));
    // By name only what lives: this is a service of that name, without a command.
    assert!(String::from_utf8(home.tsm(&["save", &process.name]).stdout).unwrap().starts_with("Usage:"));
    home.put_record("lost", &json!({ "tsm_id": 7, "pid": null, "status": "stopped", "command": null }));
    let output = home.tsm(&["save", "7"]);
    assert_eq!((code(&output), output.stdout), (Some(1), "❌ Failed to read metadata for lost\n".into()));
}

#[test]
fn names_that_cannot_be_files_are_refused() {
    let home = Home::new();
    for name in ["a/b", "..", ".", "-x", "--force", "new\nline"] {
        let output = home.tsm(&["save", name, "x"]);
        assert_eq!(code(&output), Some(1));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("❌ Invalid service name: {name}\n"));
    }
    let output = finish(home.tsm_command(&["save"]).arg(OsStr::from_bytes(b"\xff")).arg("x"));
    assert_eq!(code(&output), Some(1));
    assert_eq!(home.tree(), [""; 0]);
}

#[test]
fn a_command_of_any_bytes_comes_back_from_bash() {
    let home = Home::new();
    let bytes: Vec<u8> = (1..=255).collect();
    let output = finish(home.tsm_command(&["save", "a"]).arg(OsStr::from_bytes(&bytes)));
    assert_eq!(code(&output), Some(0));
    let output =
        home.shell("LC_ALL=C; source $TETRA_DIR/tsm/services-available/a.tsm; printf %s \"$TSM_COMMAND\"");
    assert_eq!(output.stdout, bytes);
}

#[test]
fn what_cannot_be_written_is_said_and_leaves_the_old_one() {
    let home = Home::new();
    fs::create_dir_all(home.root().join("tsm/services-available/a.tsm")).unwrap();
    let output = home.tsm(&["save", "a", "x"]);
    assert_eq!((code(&output), output.stdout), (Some(1), "❌ Failed to save service: a\n".into()));
    assert_eq!(home.tree(), ["tsm", "tsm/services-available", "tsm/services-available/a.tsm"]);
}

#[test]
fn the_list_holds_what_lives_in_the_order_of_ids() {
    let home = Home::new();
    home.put_work("env/dev.env", "");
    let z = home.start("z", "sleep 1000000");
    let a = home.start_with(&["--name", "a", "--port", "4000", "--env", "dev", "sleep 1000000"]);
    let dead = home.start("dead", "sleep 1000000");
    home.tsm(&["stop", &dead.name]);
    let mut record = home.record(&a.name);
    record["kill_mode"] = json!("group");
    record["later"] = json!({ "x": [1] });
    home.put_record(&a.name, &record);
    assert!(home.tsm(&["save"]).status.success());
    let list = saved(&home);
    assert_eq!(list["version"], 1);
    assert!(list["saved_at"].is_i64());
    let entry = |id: i64, name: &str, port: Value, env_file: Value| {
        json!({
            "tsm_id": id, "name": name, "command": "sleep 1000000", "cwd": home.work(), "env_file": env_file,
            "port": port, "type": "command", "interpreter": null, "service": null,
        })
    };
    let mut second = entry(1, &a.name, json!(4000), json!("env/dev.env"));
    second["kill_mode"] = json!("group");
    second["later"] = json!({ "x": [1] });
    assert_eq!(list["processes"], json!([entry(0, &z.name, Value::Null, Value::Null), second]));
    let mode = fs::metadata(home.root().join(DUMP)).unwrap().mode() & 0o777;
    assert_eq!(mode, 0o600);
}

#[test]
fn the_list_before_is_kept_and_an_empty_one_must_be_asked_for() {
    let home = Home::new();
    let process = home.start("a", "sleep 1000000");
    home.tsm(&["save"]);
    let first = home.read(DUMP);
    assert!(!home.exists(&format!("{DUMP}.bak")));
    home.tsm(&["stop", &process.name]);
    assert!(home.tsm(&["save"]).status.success());
    assert_eq!(home.read(DUMP), first, "nothing runs");
    assert_transcript!(home, home.tsm(&["save", "-f"]), @r"
    status 0
    --- stdout
    ✅ Saved 0 running processes: <ROOT>/tsm/runtime/dump.json
    Restore with: tsm resurrect
    --- stderr
    ");
    assert_eq!(home.read(&format!("{DUMP}.bak")), first);
    assert_eq!(saved(&home)["processes"], json!([]));
    // As a save leaves it that was killed between its two renames.
    fs::remove_file(home.root().join(format!("{DUMP}.bak"))).unwrap();
    fs::hard_link(home.root().join(DUMP), home.root().join(format!("{DUMP}.bak"))).unwrap();
    assert!(home.tsm(&["save", "--force"]).status.success());
    assert!(home.tree().iter().all(|path| !path.contains(".tmp")), "{:?}", home.tree());
}

#[test]
fn a_list_that_others_may_write_is_neither_used_nor_replaced() {
    let home = Home::new();
    home.tsm(&["save", "--force"]);
    let path = home.root().join(DUMP);
    let refused = format!("tsm: {} is not safe to use\n", path.display());
    let check = || {
        for words in [&["resurrect"][..], &["save", "--force"]] {
            let output = home.tsm(words);
            assert_eq!(
                (code(&output), String::from_utf8(output.stderr).unwrap()),
                (Some(1), refused.clone())
            );
        }
    };
    fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
    check();
    fs::remove_file(&path).unwrap();
    symlink(home.put_work("theirs", "{}"), &path).unwrap();
    check();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let output = home.tsm(&["save", "--force"]);
    let said = format!("❌ Failed to save process list: {}\n", path.display());
    assert_eq!((code(&output), String::from_utf8(output.stdout).unwrap()), (Some(1), said));
}

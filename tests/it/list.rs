//! `tsm list` and `tsm ls`.

use std::fs;
use std::process::Child;
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use crate::harness::{Home, assert_transcript, finish, proc, wait_until};

const HEAD: &str = "ID  Name                 Env        PID   Port  Status   Uptime  \n\
                    --  -------------------- ---------- ----- ----- -------- --------\n";

/// Something that runs, for records to be about.
struct Alive(Child);

impl Alive {
    fn new(home: &Home) -> Self {
        Self(home.command("sleep").arg("1000").spawn().unwrap())
    }

    /// A record of it, that began so many seconds ago.
    fn record(&self, id: i64, age: u64) -> Value {
        let pid = self.0.id();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let stamp = json!({ "start_ticks": proc::start_ticks(pid.cast_signed()), "boot_id": boot.trim() });
        json!({
            "tsm_id": id, "pid": pid, "start_time": UNIX_EPOCH.elapsed().unwrap().as_secs() - age,
            "status": "online", "proc": stamp,
        })
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn dead(id: i64, status: &str) -> Value {
    json!({ "tsm_id": id, "pid": 2, "start_time": 1, "status": status, "port": null })
}

fn stdout(home: &Home, words: &[&str]) -> String {
    let output = home.tsm(words);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn with(mut record: Value, members: &Value) -> Value {
    for (key, value) in members.as_object().unwrap() {
        record[key] = value.clone();
    }
    record
}

#[test]
fn rows_are_padded_and_never_cut() {
    let home = Home::new();
    let alive = Alive::new(&home);
    let pid = alive.0.id();
    let long = "a-name-of-more-than-twenty-bytes";
    home.put_record("web", &with(alive.record(0, 7300), &json!({ "port": 80, "env_file": "/x/dev.env" })));
    home.put_record(long, &with(alive.record(1234, 200_000), &json!({ "env_file": "env/production.env" })));
    home.put_record("é", &with(alive.record(5, 125), &json!({ "env_file": null, "port": null })));
    home.put_record("gone", &dead(6, "online"));
    let rows = [
        format!("1234 {long} production.env {pid:<5} -     online   2d      \n"),
        format!("0   web                  dev.env    {pid:<5} 80    online   2h      \n"),
        format!("5   é                   -          {pid:<5} -     online   2m      \n"),
    ];
    assert_eq!(stdout(&home, &["ls"]), format!("{HEAD}{}", rows.concat()));
    assert_eq!(stdout(&home, &["list", "running", "ignored"]), stdout(&home, &["ls", ""]));
}

#[test]
fn rows_are_in_the_order_of_their_files() {
    let home = Home::new();
    let alive = Alive::new(&home);
    for (id, name) in ["b", "a", "a-1", "B", "a.b"].iter().enumerate() {
        home.put_record(name, &alive.record(i64::try_from(id).unwrap(), 5));
    }
    let text = stdout(&home, &["ls"]);
    let names: Vec<&str> = text.lines().skip(2).map(|row| row.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(names, ["B", "a-1", "a.b", "a", "b"]);
}

#[test]
fn a_process_that_was_started_is_listed() {
    let home = Home::new();
    home.put_work("env/dev.env", "");
    let port = home.free_port();
    let process =
        home.start_with(&["--env", "dev", "--port", &port.to_string(), "--name", "web", &home.server(port)]);
    let text = stdout(&home, &["ls"]);
    let row: Vec<&str> = text.lines().nth(2).unwrap().split_whitespace().collect();
    let (pid, port) = (process.pid.to_string(), port.to_string());
    assert_eq!(row[..6], ["0", &process.name, "dev.env", &pid, &port, "online"]);
    assert!(row[6].ends_with('s') && row.len() == 7, "{row:?}");
}

#[test]
fn looking_changes_nothing() {
    let home = Home::new();
    home.put_record("gone", &dead(0, "online"));
    home.put("tsm/runtime/pids/gone.pid", "2\n");
    home.put("tsm/runtime/processes/bad.json", "{");
    let before = home.tree();
    let record = home.read("tsm/runtime/processes/gone.json");
    let none = "\nNo running services found.\nStart services with: tsm start <service-name>\n";
    assert_eq!(stdout(&home, &["ls"]), format!("{HEAD}{none}"));
    stdout(&home, &["ls", "--json", "-a"]);
    stdout(&home, &["ls", "all"]);
    assert_eq!(home.tree(), before);
    assert_eq!(home.read("tsm/runtime/processes/gone.json"), record);
}

#[test]
fn each_spelling_has_its_json() {
    let home = Home::new();
    let alive = Alive::new(&home);
    let pid = alive.0.id().to_string();
    let told = json!({ "port": 8000, "command": "x y", "cwd": "/w", "env_file": "env/dev.env", "status": "stopping" });
    home.put_record("web", &with(alive.record(3, 7300), &told));
    home.put_record("bare", &alive.record(4, 5));
    home.put_record("gone", &dead(5, "crashed"));
    home.put_record("lost", &json!({ "tsm_id": 6, "pid": null, "status": "stopped" }));

    let parsed = |words: &[&str]| -> Value {
        let text = stdout(&home, words);
        assert_eq!(text.lines().count(), 1);
        serde_json::from_str(&text).unwrap()
    };
    let bare =
        json!({ "id": "4", "name": "bare", "pid": pid, "port": "none", "status": "online", "uptime": "5s" });
    let web =
        json!({ "id": "3", "name": "web", "pid": pid, "port": "8000", "status": "online", "uptime": "2h" });
    let gone =
        json!({ "id": "5", "name": "gone", "pid": "2", "port": "none", "status": "crashed", "uptime": "-" });
    let lost =
        json!({ "id": "6", "name": "lost", "pid": "-", "port": "none", "status": "stopped", "uptime": "-" });
    let uptime = |mut value: Value| {
        // The young one ages while it is looked at.
        let young = value[0]["uptime"].as_str().is_some_and(|text| text.ends_with('s'));
        assert!(young, "{value}");
        value[0]["uptime"] = "5s".into();
        value
    };
    assert_eq!(uptime(parsed(&["ls", "--json"])), json!([bare, web]));
    assert_eq!(uptime(parsed(&["ls", "-a", "--json"])), json!([bare, gone, lost, web]));

    let list = parsed(&["list", "--json"]);
    assert_eq!((&list["success"], &list["data"]["count"]), (&json!(true), &json!(2)));
    let entry = json!({
        "tsm_id": "3", "name": "web", "pid": pid, "command": "x y", "port": "8000", "status": "online",
        "uptime": "2h", "cwd": "/w", "env_file": "env/dev.env",
    });
    assert_eq!(list["data"]["processes"][1], entry);
    let all = parsed(&["list", "--json", "--all"]);
    let entry = json!({
        "tsm_id": "6", "name": "lost", "pid": "-", "command": "", "port": "none", "status": "stopped",
        "uptime": "-", "cwd": "", "env_file": "",
    });
    assert_eq!((&all["data"]["processes"][2], &all["data"]["count"]), (&entry, &json!(4)));
}

#[test]
fn json_of_nothing_is_empty() {
    let home = Home::new();
    assert_eq!(stdout(&home, &["ls", "--json"]), "[]\n");
    let nothing: Value = serde_json::from_str(&stdout(&home, &["list", "-a", "--json"])).unwrap();
    assert_eq!(nothing, json!({ "success": true, "data": { "processes": [], "count": 0 } }));
    assert!(home.tree().is_empty());
}

#[test]
fn colours_come_when_they_are_asked_for() {
    let home = Home::new();
    let alive = Alive::new(&home);
    let pid = alive.0.id();
    home.put_record("web", &alive.record(0, 7300));
    home.put("tsm/services-available/web2.tsm", "");
    let coloured = |words: &[&str], colour: &str| {
        let output = finish(home.tsm_command(words).env("TSM_COLOR", colour));
        String::from_utf8(output.stdout).unwrap()
    };
    let head = format!("\u{1b}[38;5;37m{}\u{1b}[0m\n", HEAD.trim_end_matches('\n'));
    let row = format!(
        "0   web                  -          {pid:<5} -     \u{1b}[38;5;34monline  \u{1b}[0m 2h      \n"
    );
    assert_eq!(coloured(&["ls"], "always"), format!("{head}{row}"));
    let services = coloured(&["ls", "all"], "always");
    assert!(services.contains("\u{1b}[38;5;244mstopped \u{1b}[0m -       \n"), "{services:?}");
    for plain in ["never", "auto", ""] {
        assert!(!coloured(&["ls"], plain).contains('\u{1b}'), "{plain}");
    }
    let mut piped = home.tsm_command(&["ls"]);
    let output = finish(piped.env_remove("NO_COLOR").env("TERM", "xterm-256color"));
    assert!(!output.stdout.contains(&0x1b), "no terminal, no colours");
}

#[test]
fn services_are_read_and_never_run() {
    let home = Home::new();
    let alive = Alive::new(&home);
    let service =
        "# TSM_PORT=1\nTSM_PORT=7000\nexport TSM_PORT=8000\nTSM_ENV_FILE=\"env/dev.env\"\ntouch pwned\n";
    home.put("tsm/services-available/web.tsm", service);
    home.put("tsm/services-available/api.tsm", "X=$(touch pwned)\n");
    home.put("tsm/services-available/notes.txt", "TSM_PORT=9\n");
    let told = json!({ "service": "web", "port": 8000 });
    home.put_record("web-8000", &with(alive.record(9, 7300), &told));
    let pid = alive.0.id();
    let rows = [
        "0   api                  -          -     -     stopped  -       \n".to_owned(),
        format!("1   web                  dev.env    {pid:<5} 8000  online   2h      \n"),
    ];
    let text = format!("{HEAD}{}", rows.concat());
    assert_eq!([stdout(&home, &["ls", "all"]), stdout(&home, &["list", "available"])], [text.clone(), text]);
    assert!(!home.work().join("pwned").exists());
}

#[test]
fn whatever_is_asked_it_is_no_failure() {
    let home = Home::new();
    for word in ["--help", "-a", "web", "--all"] {
        let expected = format!("❌ Unknown option: {word}\nUsage: tsm list [running|available|all]\n");
        assert_eq!(stdout(&home, &["list", word, "more"]), expected);
    }
    assert_transcript!(home, home.tsm(&["ls", "help"]), @"
    status 0
    --- stdout
    Usage: tsm list [running|available|all]

    Options:
      running    - Show only running services (default)
      available  - Show all available services
      all        - Show all services (same as available)
    --- stderr
    ");
}

#[test]
fn a_process_whose_supervisor_was_killed_gets_another() {
    for words in [&["ls"][..], &["ls", "--json"]] {
        let home = Home::new();
        let process = home.start("p", "sleep 1000");
        let record = home.record(&process.name);
        let old = home.supervisor_of(&process.name).unwrap();
        proc::kill(old);
        wait_until("the supervisor is gone", || home.supervisor_of(&process.name).is_none());
        stdout(&home, words);
        assert!(home.supervisor_of(&process.name).is_some_and(|new| new != old), "{words:?}");
        assert_eq!(home.record(&process.name), record);
    }
}

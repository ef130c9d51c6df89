//! Fault 16 (modes) of docs/faults.md, and links: what is the user's stays the user's.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::{Uid, chown, mkfifo};

use super::{run_dir, succeed, text};
use crate::harness::isolation::report;
use crate::harness::{Home, finish, proc, wait_for, wait_until};

fn mode(path: &Path) -> u32 {
    path.symlink_metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn nobody_else_may_enter_run_or_open_a_fifo_whatever_the_mask() {
    let home = Home::new();
    for mask in ["000", "022", "077"] {
        let output = home.shell(&format!(
            "umask {mask}; TSM_STABILIZE_MS=50 tsm start --name m{mask} --port none sleep 1000000"
        ));
        let process = crate::harness::Process::from_report(&text(&output)).unwrap();
        let run = run_dir(&home, &process.name);
        assert_eq!((mode(run.parent().unwrap()), mode(&run)), (0o700, 0o700), "mask {mask}");
        for entry in fs::read_dir(&run).unwrap().flatten() {
            assert_eq!(mode(&entry.path()) & 0o077, 0, "mask {mask}: {}", entry.path().display());
        }
        assert_eq!(mode(&run.join("out")), 0o600);
        assert_eq!(mode(&run.join("err")), 0o600);
    }
}

/// Everything that is made on the way, also what is there for an instant only: the environment file waits at a gate.
#[test]
fn every_file_has_its_mode_whatever_the_mask() {
    for mask in [0o000, 0o022, 0o077] {
        let home = Home::new();
        let check = |path: &str, wanted: u32| {
            let path = home.root().join("tsm").join(path);
            assert_eq!(mode(&path), wanted, "mask {mask:03o}: {} is {:o}", path.display(), mode(&path));
        };
        mkfifo(&home.work().join("gate"), Mode::S_IRWXU).unwrap();
        home.put_work("slow.env", "read x <gate\n");
        let script = format!(
            "umask {mask:03o}; TSM_STABILIZE_MS=50 exec tsm start --env slow.env --name web --port none sleep 1000000"
        );
        let start = super::spawn(home.command("bash").args(["-c", &script]));
        let runs = run_dir(&home, "");
        let name = wait_for("a plan is carried out", || {
            super::file_names(&runs).into_iter().find(|name| runs.join(name).join("process.lock").exists())
        });
        check(&format!("runtime/run/{name}/plan.json"), 0o600);
        check("runtime/.reserve-0", 0o644 & !mask);
        fs::OpenOptions::new().write(true).open(home.work().join("gate")).unwrap();
        let output = start.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");

        for dir in
            ["", "runtime", "runtime/processes", "runtime/pids", "runtime/logs", "runtime/ports", "db/events"]
        {
            check(dir, 0o777 & !mask);
        }
        check("runtime/run", 0o700);
        check(&format!("runtime/run/{name}"), 0o700);
        for file in ["out", "err", "supervisor.lock", "process.lock"] {
            check(&format!("runtime/run/{name}/{file}"), 0o600);
        }
        check(&format!("runtime/processes/{name}.json"), 0o644 & !mask);
        check(&format!("runtime/pids/{name}.pid"), 0o644 & !mask);
        check("runtime/ports/registry.tsv", 0o644 & !mask);
        check("runtime/.lock", 0o644 & !mask);
        check(&format!("runtime/logs/{name}"), 0o777 & !mask);
        for stream in ["out", "err"] {
            check(&format!("runtime/logs/{name}/current.{stream}"), 0o666 & !mask);
        }
        for file in super::file_names(&home.root().join("tsm/db/events")) {
            check(&format!("db/events/{file}"), 0o644 & !mask);
        }
        // Not by a descriptor, not by a mask of its own, has the process more or less than its caller.
        let status = fs::read_to_string(format!("/proc/{}/status", home.pid_file(&name).unwrap())).unwrap();
        assert!(status.contains(&format!("Umask:\t{mask:04o}\n")), "{status}");
    }
}

#[test]
fn no_environment_is_written_to_disk() {
    const SECRET: &str = "correct-horse-battery";
    let home = Home::new();
    home.put_work("secret.env", format!("export FROM_FILE={SECRET}\n"));
    let mut start = home.tsm_command(&[
        "start",
        "--env",
        "secret.env",
        "--name",
        "web",
        "--port",
        "none",
        "sleep 1000000",
    ]);
    let output = finish(start.env("FROM_CALLER", SECRET).env("TSM_STABILIZE_MS", "50"));
    let process = crate::harness::Process::from_report(&text(&output)).unwrap();
    assert_eq!(process.environ()["FROM_FILE"], SECRET);
    assert_eq!(process.environ()["FROM_CALLER"], SECRET);
    let supervisor = home.supervisor_of(&process.name).unwrap();
    let check = |what: &str| {
        for path in home.tree() {
            let path = home.root().join(path);
            if path.symlink_metadata().unwrap().is_file() {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                assert!(!text.contains(SECRET), "{what}: {}", path.display());
            }
        }
    };
    check("start");
    proc::kill(supervisor);
    wait_until("it is gone", || !proc::is_alive(supervisor));
    succeed(&home, &["patrol"]);
    check("adoption");
    succeed(&home, &["restart", &process.name]);
    check("restart");
    succeed(&home, &["stop", &process.name]);
    check("stop");
}

/// A directory with something precious in it; whether it is as it was.
struct Precious {
    dir: std::path::PathBuf,
}

impl Precious {
    fn new(home: &Home) -> Self {
        let dir = home.dir().join("precious");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("file"), "precious\n").unwrap();
        fs::set_permissions(dir.join("file"), fs::Permissions::from_mode(0o640)).unwrap();
        Self { dir }
    }

    #[track_caller]
    fn check(&self, what: &str) {
        assert_eq!(super::file_names(&self.dir), ["file"], "{what}");
        assert_eq!(fs::read_to_string(self.dir.join("file")).unwrap(), "precious\n", "{what}");
        assert_eq!(mode(&self.dir.join("file")), 0o640, "{what}");
    }
}

#[test]
fn a_link_planted_as_run_directory_is_not_entered() {
    let home = Home::new();
    let precious = Precious::new(&home);
    let port = home.free_port();
    super::put_listener(&home);
    let name = format!("web-{port}");
    fs::create_dir_all(run_dir(&home, "")).unwrap();
    symlink(&precious.dir, run_dir(&home, &name)).unwrap();

    let output = finish(&mut super::start_listener(&home, port));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    precious.check("start");
    assert!(home.find_record(&name).is_none());
    home.put_record(&name, &serde_json::json!({
        "tsm_id": 0, "pid": 7, "status": "stopped", "cwd": home.work(), "command": "sleep 1000000", "type": "command",
    }));
    for words in [&["restart"][..], &["stop"], &["patrol"], &["kill"], &["delete"]] {
        home.tsm(&[words, &[&name]].concat());
        precious.check(words[0]);
    }
    assert!(run_dir(&home, &name).is_symlink());
}

#[test]
fn a_link_planted_as_record_is_replaced_or_removed_but_what_it_points_to_stays() {
    let home = Home::new();
    let precious = Precious::new(&home);
    let port = home.free_port();
    super::put_listener(&home);
    let name = format!("web-{port}");
    let record = home.put(&format!("tsm/runtime/processes/{name}.json"), "");
    let plant = || {
        let _ = fs::remove_file(&record);
        symlink(precious.dir.join("file"), &record).unwrap();
    };
    for words in
        [&["list"][..], &["patrol"], &["stop", &name], &["delete", &name], &["kill", &name], &["cleanup"]]
    {
        plant();
        home.tsm(words);
        precious.check(words[0]);
    }
    plant();
    let output = finish(&mut super::start_listener(&home, port));
    assert!(output.status.success(), "{output:?}");
    precious.check("start");
    assert!(!record.is_symlink());
    let draft = record.with_file_name(format!(".{name}.json.tmp"));
    symlink(precious.dir.join("file"), &draft).unwrap();
    home.tsm(&["stop", "--force", &name]);
    precious.check("a draft that is a link");
    let _ = fs::remove_file(&draft);
    succeed(&home, &["delete", &name]);
    precious.check("delete");
}

#[test]
fn a_link_planted_as_log_directory_is_not_emptied() {
    let home = Home::new();
    let precious = Precious::new(&home);
    let process = home.start("web", "sleep 1000000");
    let logs = home.root().join(format!("tsm/runtime/logs/{}", process.name));
    fs::remove_dir_all(&logs).unwrap();
    symlink(&precious.dir, &logs).unwrap();
    succeed(&home, &["delete", &process.name]);
    precious.check("delete");
}

#[test]
fn fifos_that_are_something_else_are_not_opened() {
    let home = Home::new();
    let precious = Precious::new(&home);
    let port = home.free_port();
    super::put_listener(&home);
    let name = format!("web-{port}");
    for plant in ["out", "err", "supervisor.lock", ".process.lock", ".plan.json.tmp"] {
        fs::create_dir_all(run_dir(&home, &name)).unwrap();
        let path = run_dir(&home, &name).join(plant);
        symlink(precious.dir.join("file"), &path).unwrap();
        finish(&mut super::start_listener(&home, port));
        precious.check(plant);
        home.tsm(&["delete", &name]);
        precious.check(plant);
        let _ = fs::remove_dir_all(run_dir(&home, &name));
    }
}

#[test]
fn a_run_directory_of_somebody_else_is_left_alone() {
    if !Uid::effective().is_root() {
        return report("run directory of somebody else SKIPPED: only root can make one");
    }
    let home = Home::new();
    let process = home.start("web", "sleep 1000000");
    let run = run_dir(&home, &process.name);
    let supervisor = home.supervisor_of(&process.name).unwrap();
    proc::kill(supervisor);
    wait_until("it is gone", || !proc::is_alive(supervisor));
    chown(&run, Some(Uid::from_raw(23_456)), None).unwrap();
    let before = home.tree();
    for words in [&["list"][..], &["patrol"]] {
        succeed(&home, words);
        assert_eq!(home.supervisor_of(&process.name), None, "{words:?}");
    }
    assert_eq!(home.tree(), before);
    assert_eq!(home.status(&process.name), "online");
    assert!(process.is_alive());
    let output = home.tsm(&["restart", &process.name]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    home.tsm(&["delete", &process.name]);
    let meta = run.symlink_metadata().unwrap();
    assert_eq!(meta.uid(), 23_456, "it is still there");
    assert!(run.join("out").exists());
}

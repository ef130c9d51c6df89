//! A pid is never trusted alone: a process that merely has the number is never taken for ours, and never signalled.

use std::fs;

use serde_json::{Value, json};

use super::{bystander, run_dir, succeed, text};
use crate::harness::isolation::{available, report};
use crate::harness::{Home, finish, proc};

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned()
}

fn uptime_start(pid: i32) -> i64 {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let boot: i64 =
        stat.lines().find_map(|line| line.strip_prefix("btime ")).unwrap().trim().parse().unwrap();
    boot + i64::try_from(proc::start_ticks(pid).unwrap()).unwrap() / 100
}

/// Records that name this living process and are not about it.
fn mistaken(pid: i32) -> Vec<(&'static str, Value)> {
    let ticks = proc::start_ticks(pid).unwrap();
    let boot = boot_id();
    let started = uptime_start(pid);
    vec![
        ("later", json!({ "start_time": started, "proc": { "start_ticks": ticks + 1, "boot_id": boot } })),
        ("earlier", json!({ "start_time": started, "proc": { "start_ticks": ticks - 1, "boot_id": boot } })),
        (
            "otherboot",
            json!({ "start_time": started, "proc": { "start_ticks": ticks, "boot_id": "another" } }),
        ),
        ("unstamped", json!({ "start_time": started - 60 })),
        ("nulltime", json!({ "start_time": null })),
        ("badstamp", json!({ "start_time": started, "proc": { "start_ticks": ticks.to_string() } })),
        ("nullstamp", json!({ "start_time": started, "proc": null })),
    ]
}

fn put(home: &Home, id: usize, name: &str, pid: i32, status: &str, members: &Value) {
    let mut record = json!({
        "tsm_id": id, "pid": pid, "status": status, "restarts": 0, "cwd": home.work(), "command": "sleep 1000000",
        "type": "command", "port": null,
    });
    record.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    home.put_record(name, &record);
    home.put(&format!("tsm/runtime/pids/{name}.pid"), format!("{pid}\n"));
}

#[test]
fn a_record_of_a_pid_that_belongs_to_another_now_is_never_acted_on() {
    let home = Home::new();
    let pid = bystander(&home);
    let ticks = proc::start_ticks(pid);
    let words: [&[&str]; 8] = [
        &["list"],
        &["stop"],
        &["stop", "--force"],
        &["kill"],
        &["kill", "--force", "--name"],
        &["kill", "--id"],
        &["delete"],
        &["restart"],
    ];
    for (id, (name, members)) in mistaken(pid).into_iter().enumerate() {
        for status in ["online", "stopping", "stopped", "crashed"] {
            for words in words {
                put(&home, id, name, pid, status, &members);
                let target = if words.contains(&"--id") { id.to_string() } else { name.to_owned() };
                let output = home.tsm(&[words, &[&target]].concat());
                let said = text(&output);
                assert!(
                    proc::is_alive(pid) && proc::start_ticks(pid) == ticks,
                    "{name}, {status}, {words:?}: {said}"
                );
                assert!(!said.contains("online"), "{name}, {status}, {words:?}: {said}");
                if words == ["restart"] {
                    assert!(output.status.success(), "{name}, {status}: {output:?}");
                    assert_ne!(home.record(name)["pid"], pid);
                    succeed(&home, &["delete", name]);
                }
            }
        }
        put(&home, id, name, pid, "online", &members);
        let output = home.tsm(&["patrol"]);
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert_eq!(home.status(name), "crashed", "{name}");
        succeed(&home, &["cleanup"]);
        assert!(home.find_record(name).is_none(), "{name}");
        assert!(proc::is_alive(pid) && proc::start_ticks(pid) == ticks, "{name}");
    }
}

#[test]
fn numbers_that_are_no_pid_are_never_signalled() {
    let home = Home::new();
    let pid = bystander(&home);
    for number in [0, 1, -1, i64::from(-pid), i64::from(i32::MAX), i64::MAX, i64::from(pid) + (1 << 32)] {
        for words in [&["stop"][..], &["kill"], &["delete"]] {
            home.put_record(
                "odd",
                &json!({ "tsm_id": 0, "pid": number, "status": "online", "start_time": 9_999_999_999_i64 }),
            );
            home.tsm(&[words, &["odd"]].concat());
            assert!(proc::is_alive(pid), "{number} {words:?}");
        }
    }
}

#[test]
fn other_files_that_name_a_foreign_pid_do_not_make_it_ours() {
    let home = Home::new();
    let pid = bystander(&home);
    let ticks = proc::start_ticks(pid).unwrap();
    let identity = json!({ "pid": pid, "start_ticks": ticks + 1, "boot_id": boot_id() });
    let record = json!({
        "tsm_id": 0, "name": "web", "pid": pid, "status": "online", "cwd": home.work(), "command": "sleep 1000000",
        "type": "command", "start_time": uptime_start(pid),
        "proc": { "start_ticks": ticks + 1, "boot_id": boot_id() },
    });
    let plan = json!({ "purpose": "start", "by": identity, "made_run_dir": true, "stabilize_ms": 0, "record": record });
    home.put("tsm/runtime/run/web/plan.json", format!("{plan}\n"));
    home.put("tsm/runtime/run/web/process.lock", format!("{pid} {ticks} {}\n", boot_id()));
    home.put("tsm/runtime/run/web/supervisor.lock", format!("{pid}\n"));
    home.put("tsm/runtime/.reserve-0", format!("{pid} {} web\n", ticks + 1));
    home.put("tsm/runtime/pids/web.pid", format!("{pid}\n"));

    succeed(&home, &["patrol"]);
    assert!(home.find_record("web").is_none(), "a plan of a process that is gone is no record");
    assert!(!home.exists("tsm/runtime/run/web/plan.json"));
    let process = home.start("web", "sleep 1000000");
    assert_eq!(process.id, 0, "the reservation of a process that is gone is none");
    succeed(&home, &["stop", &process.name]);
    succeed(&home, &["delete", &process.name]);
    assert!(proc::is_alive(pid));
}

/// The real thing: a process dies unseen, and the kernel gives its number to the next one.
#[test]
fn a_number_that_the_kernel_gives_again_is_another_process() {
    let isolation = match available() {
        Ok(isolation) => isolation,
        Err(why) => return report(format_args!("reused pid SKIPPED: {why}")),
    };
    let script = r#"
        set -eu
        again() { # runs a sleep that has this number
            local try
            for try in {1..200}; do
                echo $(($1 - 1)) 2>/dev/null >/proc/sys/kernel/ns_last_pid || { echo SKIPPED; exit 0; }
                sleep 1000000 & [ $! = "$1" ] && return; kill -9 $!; wait $! || :
            done
            echo SKIPPED; exit 0
        }
        for command in "stop NAME" "stop --force NAME" "kill NAME" "kill --force NAME" "kill --id 0" "delete NAME" \
                       "restart NAME" "patrol" "cleanup" "stop PID"; do
            report=$(TSM_STABILIZE_MS=50 tsm start --name web --port none "setsid sleep 1000000 & exec sleep 1000000")
            name=${report#*Started: } name=${name%% *} pid=${report#*PID: } pid=${pid%%,*}
            supervisor=$(awk '{print $4}' "/proc/$pid/stat")
            kill -9 "$supervisor" "$pid"
            until ! [ -e "/proc/$pid" ]; do :; done
            again "$pid"
            command=${command/NAME/$name} command=${command/PID/$pid}
            tsm list | grep "$name" && echo "listed as running"
            tsm $command >/dev/null 2>&1 || :
            state=$(awk '{print $3}' "/proc/$pid/stat" 2>/dev/null) || state=gone
            [ "$state" = S ] || echo "$command: the stranger is $state"
            kill -9 "$pid"; wait "$pid" 2>/dev/null || :
            tsm delete '*' >/dev/null
        done
        echo done
    "#;
    let home = Home::new();
    let output = finish(&mut isolation.command(&home, script));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if said.ends_with("SKIPPED\n") {
        return report("reused pid SKIPPED: the kernel does not let one choose the next pid");
    }
    assert_eq!(said, "done\n", "{output:?}");
    assert!(!run_dir(&home, "web").exists());
}

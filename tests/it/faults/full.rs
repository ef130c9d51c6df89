//! Fault 4 of docs/faults.md: full disks. Processes go on, whoever fills a disk can be stopped, and what could not be
//! written at first is right once there is room.

use super::text;
use crate::harness::isolation::{available, report};
use crate::harness::{Home, finish};

/// In each script: a process of any name is started, and can be told by its record.
const TOOLS: &str = r#"
    export TSM_STABILIZE_MS=50
    R=$TETRA_DIR/tsm/runtime
    fail() { echo "$*"; }
    # The name that it got, too.
    begin() {
        local said; said=$(tsm start --name "$1" --port none "${@:2}" 2>&1) || fail "start $1: $said"
        name=$(ls "$R/processes" | grep "^$1-"); name=${name%.json}
    }
    echo 'trap "" TERM; echo ready; while :; do sleep 1000000; done' >deaf
    echo 'until [ -e gate ]; do sleep 0.01; done' >flood
    echo 'while :; do echo "a line of some length, and another one, and one more"; done' >>flood
    member() { sed -n "s/.*\"$2\": \"*\([^\",]*\).*/\1/p" "$R/processes/$1.json"; }
    events() { cat "$TETRA_DIR"/tsm/db/events/* | grep "\"name\":\"$1\"" | sed 's/.*"event":"\([a-z_]*\)".*/\1/' | tr '\n' ' '; }
    fill() { cat /dev/zero >"$1/fill" 2>/dev/null; [ -s "$1/fill" ] || fail "not filled"; }
    runs() { kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }
    until_true() { for _ in $(seq 1500); do eval "$1" && return; read -rt 0.01 <><(:); done; fail "in vain: $1"; }
    # Exit code, and what is said on stderr.
    said() { local code error; error=$("$@" 2>&1 >/dev/null); code=$?; echo "$code ${error//$TETRA_DIR/T}"; }
"#;

/// Runs a script in namespaces with a tmpfs of 1 MB as `TETRA_DIR` (or only for its logs); what it says. `None`: this
/// cannot be done here.
fn on_small_disk(home: &Home, place: &str, script: &str) -> Option<String> {
    let isolation = match available() {
        Ok(isolation) => isolation,
        Err(why) => {
            report(format_args!("full disk SKIPPED: {why}"));
            return None;
        }
    };
    let mount =
        format!("mkdir -p {place} && mount -t tmpfs -o size=1m tsm {place} || {{ echo SKIPPED; exit; }}");
    let output = finish(&mut isolation.command(home, &format!("{mount}\n{TOOLS}\n{script}")));
    let said = text(&output);
    if said.ends_with("SKIPPED\n") {
        report("full disk SKIPPED: no tmpfs may be mounted here");
        return None;
    }
    Some(regex::Regex::new(r"-\d{10}").unwrap().replace_all(&said, "-N").into_owned())
}

#[test]
fn what_is_stopped_on_a_full_disk_is_recorded_as_stopped_when_there_is_room() {
    let home = Home::new();
    let script = r#"
        begin web sleep 1000000; web=$name
        begin deaf bash "$PWD/deaf"; deaf=$name
        begin other sleep 1000000; other=$name
        until_true 'grep -q ready "$R/logs/$deaf/current.out"'
        before=$(cat "$R/processes/$web.json") webpid=$(member "$web" pid) deafpid=$(member "$deaf" pid)
        fill "$TETRA_DIR"
        said tsm start --name more --port none sleep 1000000
        said tsm restart "$web"
        runs "$webpid" || fail "a restart ended what it cannot start again"
        said tsm stop "$web"
        said tsm stop --force "$deaf"
        runs "$webpid" && fail "$web runs"; runs "$deafpid" && fail "$deaf runs"
        [ "$(cat "$R/processes/$web.json")" = "$before" ] || fail "the record was touched"
        runs "$(member "$other" pid)" || fail "a bystander ended"
        tsm list | grep -e "$web" -e "$deaf"
        rm "$TETRA_DIR/fill"
        for name in $web $deaf; do
            until_true "[ \$(member $name status) = stopped ]"
            until_true '[[ $(events $name) == *stop* ]]'
            echo "$(member "$name" status) $(member "$name" signal) $(member "$name" exit_code)" $(events "$name")
        done
        tsm start --name again --port none sleep 1000000 >/dev/null || fail "start again"
        tsm restart "$web" >/dev/null || fail "restart"
        [ "$(tsm list | grep -c online)" = 3 ] || tsm list
        tsm delete '*' >/dev/null || fail "delete"
        ls -A "$R/processes" "$R/run" "$R/pids" | grep -v :
    "#;
    let Some(said) = on_small_disk(&home, "$TETRA_DIR", script) else { return };
    insta::assert_snapshot!(said, @r"
    1 tsm: cannot write T/tsm/runtime/.reserve-3: No space left on device
    1 tsm: cannot write T/tsm/runtime/.reserve-0: No space left on device
    0 tsm: stopped 'web-N', but cannot record it yet: cannot write T/tsm/runtime/processes/web-N.json: No space left on device
    0 tsm: stopped 'deaf-N', but cannot record it yet: cannot write T/tsm/runtime/processes/deaf-N.json: No space left on device
    stopped SIGTERM null start stop
    stopped SIGKILL null start stop
    ");
}

/// Nothing on disk says that the end is meant, so the next supervisor is told as well.
#[test]
fn a_stop_on_a_full_disk_does_not_depend_on_the_supervisor_that_was_there() {
    let home = Home::new();
    let script = r#"
        begin web sleep 1000000; web=$name pid=$(member "$web" pid)
        fill "$TETRA_DIR"
        supervisor=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
        kill -9 "$supervisor"
        until_true "! runs $supervisor"
        said tsm stop "$web"
        runs "$pid" && fail "runs"
        rm "$TETRA_DIR/fill"
        until_true "[ \$(member $web status) = stopped ]"
        until_true '[[ $(events $web) == *stop* ]]'
        tsm patrol >/dev/null
        member "$web" status
        [[ $(events $web) == *crash* ]] && fail "a crash is told"
    "#;
    let Some(said) = on_small_disk(&home, "$TETRA_DIR", script) else { return };
    insta::assert_snapshot!(said, @r"
    0 tsm: stopped 'web-N', but cannot record it yet: cannot write T/tsm/runtime/processes/web-N.json: No space left on device
    stopped
    ");
}

#[test]
fn what_fills_the_disk_can_be_killed_and_deleted() {
    let home = Home::new();
    let script = r#"
        for word in kill delete 'stop --force' stop; do
            rm -f gate
            begin flood bash "$PWD/flood"
            flood=$name pid=$(member "$flood" pid)
            touch gate
            until_true '[ -s "$R/logs/$flood/current.out" ]'
            # What the flood has left of it.
            fill "$TETRA_DIR" >/dev/null
            runs "$pid" || fail "the flood has ended"
            said tsm $word "$flood" >said
            runs "$pid" && fail "$word: the flood goes on"
            case $word in
                stop*) cat said ;;
                *) [ -e "$R/processes/$flood.json" ] && fail "$word: the record stays: $(cat said)" ;;
            esac
            rm -f "$TETRA_DIR/fill"
            tsm delete "$flood" >/dev/null 2>&1
            rm -rf "$R/logs/$flood"
        done
    "#;
    let Some(said) = on_small_disk(&home, "$TETRA_DIR", script) else { return };
    // What the flood had just given up may be room enough for a record.
    let recorded = "0";
    let unrecorded = "0 tsm: stopped 'flood-N', but cannot record it yet: \
        cannot write T/tsm/runtime/processes/flood-N.json: No space left on device";
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines.len() == 2 && lines.iter().all(|line| [recorded, unrecorded].contains(&line.trim_end())),
        "{said}"
    );
}

/// 3,000,000 bytes in lines, once `go` is there; the longest that one of them took goes to `worst`. Then, once `more` is
/// there, one more line, and with a word on the command line it ends.
const WRITER: &str = r#"
import os, sys, time
def wait_for(path):
    while not os.path.exists(path): time.sleep(0.01)
wait_for('go')
worst = 0
for _ in range(30000):
    begun = time.monotonic()
    os.write(1, b'x' * 99 + b'\n')
    worst = max(worst, time.monotonic() - begun)
open('worst.new', 'w').write(f'{worst:.2f}')
os.rename('worst.new', 'worst')
wait_for('more')
if len(sys.argv) > 1: sys.exit()
os.write(1, b'one more\n')
time.sleep(1000000)
"#;

/// What a writer says to a full disk: how long it stood still at most, what is in the log and what is told as dropped
/// (both in bytes), and what has happened.
fn losses(place: &str, script: &str) -> Option<(f64, u64, u64, String)> {
    let home = Home::new();
    home.put_work("writer", WRITER);
    let script = format!(
        r#"
        {script}
        log=$(stat -c %s "$R/logs/$writer/current.out")
        dropped=$(cat "$TETRA_DIR"/tsm/db/events/* | sed -n 's/.*log_dropped.*"bytes":\([0-9]*\).*/\1/p')
        echo "$(cat worst) $log ${{dropped:-0}} $(events "$writer")"
        tsm delete '*' >/dev/null
    "#
    );
    let said = on_small_disk(&home, place, &script)?;
    let words: Vec<&str> = said.trim().splitn(4, ' ').collect();
    let [worst, log, dropped, events] = words[..] else { panic!("{said}") };
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{said}"));
    Some((
        worst.parse().unwrap_or_else(|_| panic!("{said}")),
        number(log),
        number(dropped),
        events.to_owned(),
    ))
}

/// The grace of five seconds, and what a busy machine adds.
const STANDSTILL: f64 = 8.0;

#[test]
fn what_a_full_log_disk_costs_is_counted_and_told_and_the_next_line_is_logged() {
    let script = r#"
        fill "$R/logs"
        begin writer python3 -S -E "$PWD/writer"; writer=$name
        touch go; until_true '[ -e worst ]'
        rm "$R/logs/fill"; touch more
        until_true 'grep -q "^one more" "$R/logs/$writer/current.out"'
        until_true '[[ $(events $writer) == *log_dropped* ]]'
    "#;
    let Some((worst, log, dropped, events)) = losses("$TETRA_DIR/tsm/runtime/logs", script) else { return };
    assert!(worst < STANDSTILL, "it stood still for {worst} s");
    assert!(dropped > 0);
    assert_eq!((log + dropped, events.as_str()), (3_000_009, "start log_dropped"));
}

#[test]
fn what_a_full_disk_costs_is_told_when_there_is_room_also_if_the_process_has_ended() {
    let script = r#"
        begin writer python3 -S -E "$PWD/writer" ends; writer=$name pid=$(member "$writer" pid)
        fill "$TETRA_DIR"
        touch go; until_true '[ -e worst ]'
        touch more; until_true "! runs $pid"
        rm "$TETRA_DIR/fill"
        until_true '[ "$(member $writer status)" = stopped ]'
        until_true '[[ $(events $writer) == *log_dropped* && $(events $writer) == *exit* ]]'
    "#;
    let Some((worst, log, dropped, events)) = losses("$TETRA_DIR", script) else { return };
    assert!(worst < STANDSTILL, "it stood still for {worst} s");
    assert!(dropped > 0);
    assert_eq!(log + dropped, 3_000_000, "{events}");
}

/// No disk of one's own is needed for a command that may write no file at all: it stops all the same, and the supervisor,
/// which may, records that it was meant.
#[test]
fn a_command_that_may_write_nothing_stops_and_its_supervisor_records_it() {
    let home = Home::new();
    for (number, words) in ["stop", "stop --force", "delete", "kill"].into_iter().enumerate() {
        let process = home.start(&format!("web{number}"), "sleep 1000000");
        let name = &process.name;
        let output = home.shell(&format!("trap '' XFSZ; ulimit -f 0; tsm {words} {name} >/dev/null"));
        assert!(!process.is_alive(), "{words}: {output:?}");
        if words.starts_with("stop") {
            assert_eq!((output.status.code(), text(&output)), (Some(0), String::new()), "{words}");
            assert_eq!(
                (home.status(name), home.events_of(name)),
                ("stopped".into(), vec!["start".into(), "stop".into()])
            );
            home.tsm(&["delete", name]);
        }
        assert!(home.find_record(name).is_none(), "{words}: {output:?}");
    }
}

/// What could not be started again is not stopped for that.
#[test]
fn a_restart_that_may_write_nothing_leaves_the_process_alone() {
    let home = Home::new();
    let process = home.start("web", "sleep 1000000");
    let output = home.shell(&format!("trap '' XFSZ; ulimit -f 0; tsm restart {}", process.name));
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).ends_with(": File too large\n"), "{output:?}");
    assert!(process.is_alive());
    assert_eq!(home.status(&process.name), "online");
}

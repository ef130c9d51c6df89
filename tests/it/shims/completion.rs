//! Tab in bash, zsh and fish.

use serde_json::json;

use crate::harness::isolation::report;
use crate::harness::{Home, finish};

/// Types each word into a bash on a terminal of its own, and prints what was shown on the way and what the shell then
/// has in its line. A key prints that line.
const TYPIST: &str = r#"
import os, pty, select, sys, time
setup, presses = sys.argv[1], sys.argv[2:]
pid, master = pty.fork()
if pid == 0:
    os.environ.update(PS1='ready> ', INPUTRC='/dev/null', HISTFILE='', COLUMNS='200')
    os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])
seen = b''
def until(text):
    global seen
    end = time.monotonic() + 20
    while text not in seen:
        left = end - time.monotonic()
        if left <= 0 or not select.select([master], [], [], left)[0]:
            sys.exit(f'waited in vain for {text!r}: {seen!r}')
        seen += os.read(master, 65536)
    before, seen = seen.split(text, 1)
    return before.decode()
until(b'ready> ')
key = r"""bind -x '"\C-g": printf "LINE<%s>END\n" "$READLINE_LINE"'"""
os.write(master, (setup + "; bind 'set bell-style none'; " + key + "; echo set''tled\n").encode())
until(b'settled\r\n')
for press in presses:
    os.write(master, press.replace('TAB', '\t').encode() + b'\x07')
    shown = until(b'LINE<').split()
    line = until(b'>END')
    print(line, shown[shown.index('ready>') + 1:][len(press.replace('TAB', '').split()):] if 'TABTAB' in press else '')
    os.write(master, b'\x15')
os.write(master, b'exit\n')
os.waitpid(pid, 0)
"#;

fn typed(home: &Home, setup: &str, presses: &[&str]) -> Vec<String> {
    let typist = home.put_work("typist.py", TYPIST);
    let mut command = home.command("python3");
    command.arg(typist).arg(setup).args(presses);
    let output = finish(&mut command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim_end().to_owned()).collect()
}

fn lines(home: &Home, words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let output = home.tsm(&[&["__shim", "complete", "bash", &index], words].concat());
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// What may stand for the last word; the second value: files too.
fn offered(home: &Home, words: &[&str]) -> (Vec<String>, bool) {
    let mut lines = lines(home, words);
    let files = lines.remove(0) == "files";
    (lines, files)
}

fn words(home: &Home, line: &[&str]) -> Vec<String> {
    let (words, files) = offered(home, &[&["tsm"], line].concat());
    assert!(!files, "{line:?}");
    words
}

#[test]
fn tab_completes_on_a_terminal() {
    let home = Home::with_setup();
    let api = home.start("api", "sleep 300").name;
    let odd = home.start("odd one", "sleep 300").name.replace(' ', "\\ ");
    home.put_work("env/dev.env", "");
    home.put_work("run it.sh", "");
    let setup = format!("source {}/includes.sh", home.shims().display());
    let presses = [
        "tsm pathTAB",
        "tsm stop aTAB",
        "tsm stop oddTAB",
        "tsm logs 0TAB",
        "tsm start --env dTAB",
        "tsm start ruTAB",
        "tsm start --poTAB",
        "tsm stop nosuchTAB",
        "tsm stop TABTAB",
    ];
    let got = typed(&home, &setup, &presses);
    let stop = format!("tsm stop  ['*', '{api}', '{}']", odd.replace("\\ ", "\\\\', '"));
    let expected = [
        "tsm paths".to_owned(),
        format!("tsm stop {api}"),
        format!("tsm stop {odd}"),
        "tsm logs 0".to_owned(),
        "tsm start --env dev".to_owned(),
        "tsm start run\\ it.sh".to_owned(),
        "tsm start --port".to_owned(),
        "tsm stop nosuch".to_owned(),
    ];
    assert_eq!(got[..8], expected);
    assert!(
        got[8].starts_with("tsm stop") && got[8].contains("'*'") && got[8].contains(&api),
        "{} {stop}",
        got[8]
    );

    let script = "source <(tsm completion bash)";
    assert_eq!(typed(&home, script, &["tsm info apTAB"]), [format!("tsm info {api}")]);
}

#[test]
fn only_live_processes_are_offered() {
    let home = Home::with_setup();
    let one = home.start("one", "sleep 300").name;
    let two = home.start("7two", "sleep 300").name;
    home.put_record("gone-1", &json!({ "tsm_id": 9, "pid": 99_999_999, "status": "online" }));
    home.put("tsm/runtime/pids/gone-1.pid", "99999999\n");
    home.put("tsm/runtime/pids/none-1.pid", "1\n");
    for command in ["stop", "restart", "delete", "del", "logs"] {
        assert_eq!(words(&home, &[command, ""]), ["*", &two, &one], "{command}");
    }
    for command in ["kill", "info", "env", "paths"] {
        assert_eq!(words(&home, &[command, ""]), [two.as_str(), &one], "{command}");
    }
    assert_eq!(words(&home, &["stop", "o"]), [one.as_str()], "no * but beside another");
    assert_eq!(words(&home, &["stop", one.as_str(), "7"]), [two.as_str()]);
    assert_eq!(words(&home, &["stop", "0"]), ["0"]);
    assert_eq!(words(&home, &["stop", "*"]), [""; 0]);
    assert_eq!(
        words(&home, &["save", ""]),
        ["1", "0", &two, &one].map(str::to_owned),
        "ids first, in the order of names"
    );
    let before = home.tree();
    words(&home, &["stop", ""]);
    assert_eq!(home.tree(), before, "a dead record stays");
}

#[test]
fn services_commands_and_options_are_offered() {
    let home = Home::with_setup();
    home.put("tsm/services-available/web.tsm", "exit 1\n");
    home.put("tsm/services-available/wide.tsm", "TSM_COMMAND=$(touch bad)\n");
    for command in ["enable", "disable", "show", "rm"] {
        assert_eq!(words(&home, &[command, ""]), ["web", "wide"], "{command}");
    }
    assert_eq!(offered(&home, &["tsm", "start", "w"]), (vec!["web".into(), "wide".into()], true));
    assert_eq!(offered(&home, &["tsm", "start", "web", "w"]), (vec![], true));
    assert_eq!(words(&home, &["start", "--po"]), ["--port"]);
    assert_eq!(offered(&home, &["tsm", "start", "--port", ""]), (vec![], false));
    assert_eq!(words(&home, &["list", ""]), ["running", "available", "all"]);
    assert_eq!(words(&home, &["list", "--"]), ["--json", "--all"]);
    assert_eq!(words(&home, &["ports", "va"]), ["validate"]);
    assert_eq!(words(&home, &["doctor", "health"]), ["healthcheck"]);
    assert_eq!(words(&home, &["help", "al"]), ["all"]);
    assert_eq!(words(&home, &["help", "rest"]), ["restart"]);
    assert_eq!(words(&home, &["logs", "--lines", ""]), [""; 0]);
    assert_eq!(words(&home, &["completion", ""]), ["bash", "zsh", "fish"]);
    assert_eq!(words(&home, &["shims", ""]), ["install", "remove", "status"]);
    assert_eq!(offered(&home, &["tsm", "shims", "install", ""]), (vec![], true));
    assert_eq!(words(&home, &["frob", ""]), [""; 0]);
    assert!(!home.work().join("bad").exists());
    let all = words(&home, &[""]);
    for command in ["ls", "list", "help", "completion", "shims", "del"] {
        assert!(all.contains(&command.to_owned()), "{command}");
    }
    assert!(!all.iter().any(|word| word.starts_with('_')));
}

#[test]
fn an_installation_that_is_not_there_offers_nothing_and_is_not_made() {
    let home = Home::new();
    assert_eq!(words(&home, &["stop", ""]), [""; 0]);
    assert_eq!(home.tree(), [""; 0]);
}

#[test]
fn the_scripts_of_zsh_and_fish_are_understood() {
    let home = Home::with_setup();
    let api = home.start("api", "sleep 300").name;
    let zsh = "autoload -Uz compinit && compinit -u -D; source <(tsm completion zsh) && (( $+functions[_tsm] )) && echo $_comps[tsm]";
    let fish = "tsm completion fish | source; complete -C 'tsm stop a'";
    for (shell, script, expected) in [("zsh", zsh, "_tsm"), ("fish", fish, api.as_str())] {
        let is_there = home.shell(&format!("type -P {shell}")).status.success();
        if !is_there {
            report(format_args!("completion of {shell} SKIPPED: it is not installed"));
            continue;
        }
        let output = finish(home.command(shell).args(["-c", script]));
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), expected, "{output:?}");
    }
    let output = home.tsm(&["completion", "tcsh"]);
    assert_eq!(output.status.code(), Some(64));
}

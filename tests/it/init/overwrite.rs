//! A file that is there already.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::{TOML, answered, files, mode, text};
use crate::harness::{Home, assert_transcript, finish};

#[test]
fn a_template_replaces_a_file_only_when_told_to() {
    let home = Home::new();
    home.put_work("env/dev.env.tmpl", "new\n");
    home.put_work("env/dev.env", "old\n");
    assert_transcript!(home, answered(&home, "dev", "n"), @"
    status 1
    --- stdout
    Warning: env/dev.env already exists

    Cancelled
    --- stderr
    ");
    assert_eq!(text(&home, "env/dev.env"), "old\n");
    assert_transcript!(home, answered(&home, "dev", "yes"), @"
    status 0
    --- stdout
    Warning: env/dev.env already exists

    ✅ Created env/dev.env from env/dev.env.tmpl

    ⚠️  IMPORTANT: Edit env/dev.env and replace placeholder values with real secrets
    ⚠️  Never commit env/dev.env to git - it's protected by .gitignore

    Next steps:
      1. Edit env/dev.env with your actual secrets (if needed)
      2. Use: tsm start --env env/dev.env your-script.sh
    --- stderr
    ");
    assert_eq!(text(&home, "env/dev.env"), "new\n");
    assert_eq!(mode(&home, "env/dev.env"), 0o600);
}

#[test]
fn only_a_y_overwrites() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    home.put_work("env/dev.env", "old\n");
    for answer in ["", "\n", "n", "N", "ny", " y", "Ja"] {
        let output = answered(&home, "dev", answer);
        assert_eq!(output.status.code(), Some(1), "{answer:?}");
        assert_eq!(text(&home, "env/dev.env"), "old\n", "{answer:?}");
    }
    for answer in ["y", "Y", "y\n", "yes\n"] {
        home.put_work("env/dev.env", "old\n");
        assert_eq!(answered(&home, "dev", answer).status.code(), Some(0), "{answer:?}");
        assert_eq!(text(&home, "env/dev.env"), "export PORT=\"8000\"\n", "{answer:?}");
    }
    assert_transcript!(home, answered(&home, "dev", "y"), @r#"
    status 0
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/dev.env

    ⚠️  Warning: env/dev.env already exists

    🔄 Generating env/dev.env from tetra.toml...
    ✅ Created env/dev.env from tetra.toml

    📋 Generated variables:
      PORT="8000"

    ✅ All secrets resolved successfully
    ⚠️  Never commit env/dev.env to git - it's protected by .gitignore

    Next steps:
      1. Edit env/dev.env with your actual secrets (if needed)
      2. Use: tsm start --env env/dev.env your-script.sh
    --- stderr
    "#);
}

#[test]
fn an_old_file_does_not_keep_its_mode() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    let file = home.put_work("env/dev.env", "old\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(answered(&home, "dev", "y").status.success());
    assert_eq!(mode(&home, "env/dev.env"), 0o600);
    assert_eq!(files(&home), ["dev.env"]);
}

#[test]
fn a_link_is_replaced_and_not_followed() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    fs::create_dir(home.work().join("env")).unwrap();
    symlink(home.work().join("elsewhere"), home.work().join("env/dev.env")).unwrap();
    assert_eq!(answered(&home, "dev", "n").status.code(), Some(1));
    assert!(answered(&home, "dev", "y").status.success());
    assert!(!home.work().join("elsewhere").exists());
    assert!(home.work().join("env/dev.env").symlink_metadata().unwrap().is_file());
}

#[test]
fn one_byte_of_stdin_is_taken_and_only_for_an_answer() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    let script = "printf yes | { tsm init dev >/dev/null; cat; }";
    assert_eq!(home.shell(script).stdout, b"yes");
    assert_eq!(home.shell(script).stdout, b"es");
}

/// Presses a key at the prompt, and prints what the terminal has shown, and whether it is as it was before.
const TERMINAL: &str = r#"
import os, pty, sys, termios
main, side = pty.openpty()
before = termios.tcgetattr(side)
pid = os.fork()
if pid == 0:
    os.setsid()
    os.close(main)
    for fd in (0, 1, 2):
        os.dup2(side, fd)
    os.execvp("tsm", ["tsm", "init", "dev"])
shown = b""
while b"(y/N): " not in shown:
    shown += os.read(main, 4096)
os.write(main, sys.argv[1].encode())
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
same = termios.tcgetattr(side) == before
os.close(side)
try:
    while piece := os.read(main, 4096):
        shown += piece
except OSError:
    pass
sys.stdout.write(shown.decode().replace("\r\n", "\n"))
print(f"code {code}, terminal as before: {same}")
"#;

#[test]
fn a_terminal_is_asked_for_one_key() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    home.put_work("env/dev.env", "old\n");
    let press = |key: &str| finish(home.command("python3").args(["-c", TERMINAL, key]));

    assert_transcript!(home, press("\u{3}"), @"
    status 0
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/dev.env

    ⚠️  Warning: env/dev.env already exists
    Overwrite? (y/N): ^C
    Cancelled
    code 1, terminal as before: True
    --- stderr
    ");
    assert_eq!(text(&home, "env/dev.env"), "old\n");
    assert_transcript!(home, press("y"), @r#"
    status 0
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/dev.env

    ⚠️  Warning: env/dev.env already exists
    Overwrite? (y/N): y
    🔄 Generating env/dev.env from tetra.toml...
    ✅ Created env/dev.env from tetra.toml

    📋 Generated variables:
      PORT="8000"

    ✅ All secrets resolved successfully
    ⚠️  Never commit env/dev.env to git - it's protected by .gitignore

    Next steps:
      1. Edit env/dev.env with your actual secrets (if needed)
      2. Use: tsm start --env env/dev.env your-script.sh
    code 0, terminal as before: True
    --- stderr
    "#);
    assert_eq!(text(&home, "env/dev.env"), "export PORT=\"8000\"\n");
}

#[test]
fn many_at_once_leave_one_whole_file() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| answered(&home, "dev", "y"));
        }
    });
    assert_eq!(text(&home, "env/dev.env"), "export PORT=\"8000\"\n");
    assert_eq!(files(&home), ["dev.env"]);
}

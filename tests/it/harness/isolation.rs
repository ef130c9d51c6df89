//! A process table, a mount table and a loopback of one's own, so that fixed ports never clash and nothing leaks.

use std::fmt::Display;
use std::io::Write as _;
use std::process::Command;
use std::sync::LazyLock;

use super::{Home, finish};

/// How a script is run.
#[derive(Clone, Debug)]
pub(crate) struct Isolation {
    /// What stands before `bash`.
    prefix: &'static [&'static str],
}

const NAMESPACES: &[&str] =
    &["unshare", "--pid", "--fork", "--net", "--mount", "--kill-child", "--mount-proc"];

/// For an ordinary user, where the kernel lets one be root in a user namespace.
const NAMESPACES_OF_A_USER: &[&str] =
    &["unshare", "--map-root-user", "--pid", "--fork", "--net", "--mount", "--kill-child", "--mount-proc"];

impl Isolation {
    /// Among all other processes.
    pub(crate) fn none() -> Self {
        Self { prefix: &[] }
    }

    /// A bash that runs this script.
    pub(crate) fn command(&self, home: &Home, script: &str) -> Command {
        let Some((program, arguments)) = self.prefix.split_first() else {
            let mut command = home.command("bash");
            command.args(["--norc", "--noprofile", "-c", script]);
            return command;
        };
        let mut command = home.command(program);
        let script = format!("ip link set lo up || exit\n{script}");
        command.args(arguments).args(["bash", "--norc", "--noprofile", "-c", &script]);
        command
    }
}

/// What this kernel grants this user; else what it says.
pub(crate) fn available() -> Result<&'static Isolation, &'static str> {
    static FOUND: LazyLock<Result<Isolation, String>> = LazyLock::new(|| {
        let home = Home::new();
        let mut reason = String::new();
        for prefix in [NAMESPACES, NAMESPACES_OF_A_USER] {
            let isolation = Isolation { prefix };
            let output = finish(&mut isolation.command(&home, ""));
            if output.status.success() {
                return Ok(isolation);
            }
            reason = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
        }
        Err(reason)
    });
    FOUND.as_ref().map_err(String::as_str)
}

/// A line on stderr that the test runner does not keep back.
pub(crate) fn report(text: impl Display) {
    // One write, so that lines of tests that run at the same time do not mix.
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

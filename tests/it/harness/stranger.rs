//! A process that no installation manages.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::{Home, proc};

/// It ends with the test, and nobody is left to wait for.
pub(crate) struct Stranger {
    child: Child,
    /// The number that it has said.
    pub(crate) said: String,
}

impl Stranger {
    /// Runs a Python script, which must print one line.
    pub(crate) fn python(home: &Home, script: &str) -> Self {
        let mut command = home.command("python3");
        let mut child = command.args(["-S", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        Self { child, said: said.trim().to_owned() }
    }

    /// A socket bound to a port of the kernel's choice, which is what it says.
    pub(crate) fn bound(home: &Home, kind: &str, more: &str) -> Self {
        Self::python(home, &script(kind, 0, more))
    }

    /// A TCP socket that listens on this port. `more` is done after that.
    pub(crate) fn listening(home: &Home, port: u16, more: &str) -> Self {
        Self::python(home, &script("SOCK_STREAM", port, &format!("s.listen(); {more}")))
    }

    pub(crate) fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    pub(crate) fn is_alive(&self) -> bool {
        proc::is_alive(self.pid())
    }
}

fn script(kind: &str, port: u16, more: &str) -> String {
    format!(
        "import os, signal, socket, time; s = socket.socket(type=socket.{kind}); \
         s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', {port})); {more}; \
         print(s.getsockname()[1], flush=True); time.sleep(1000)"
    )
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

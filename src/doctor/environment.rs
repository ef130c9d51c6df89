//! An environment file: what it declares, and what comes of it when bash reads it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::sys::spawn;

/// The variables that are looked for, in the order they are shown.
pub const VARIABLES: [&str; 3] = ["PORT", "NODE_ENV", "PD_DIR"];

/// How long the file may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The file's own output goes nowhere; what it has exported comes at the end. A slash keeps its functions and its PATH
/// out.
const SCRIPT: &str = r#"exec 3>&1 >/dev/null 2>&1; source "$1" || exit; exec /usr/bin/env -0 >&3"#;

/// A file that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    lines: Vec<String>,
}

impl Declared {
    /// `None`: it is not ours to read.
    pub fn read(file: &Path) -> Option<Self> {
        let bytes = fs::read(file).ok()?;
        Some(Self { lines: String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect() })
    }

    /// What the first line that exports a variable says, up to the next `=`.
    pub fn value(&self, variable: &str) -> Option<&str> {
        let prefix = format!("export {variable}=");
        let value = self.lines.iter().find_map(|line| line.strip_prefix(&prefix))?;
        value.split('=').next()
    }
}

/// Lets bash read the file, with none of the [`VARIABLES`] set, and returns those it exports, in their order. `None`:
/// bash says that something in it failed, or it took longer than half a minute. `file` is absolute.
pub fn source(file: &Path) -> Result<Option<Vec<(&'static str, String)>>> {
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-c", SCRIPT, "bash"]).arg(file);
    VARIABLES.iter().for_each(|variable| {
        command.env_remove(variable);
    });
    let answer = spawn::captured(&mut command, PATIENCE).map_err(Error::system("run bash"))?;
    let entries: Vec<String> = answer
        .output
        .split(|byte| *byte == 0)
        .map(|entry| String::from_utf8_lossy(entry).into_owned())
        .collect();
    let value = |variable: &&'static str| {
        let value = entries.iter().find_map(|entry| entry.strip_prefix(*variable)?.strip_prefix('='))?;
        Some((*variable, value.to_owned()))
    };
    Ok((answer.code == Some(0)).then(|| VARIABLES.iter().filter_map(value).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sourced(text: &str) -> Option<Vec<(&'static str, String)>> {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("x.env");
        fs::write(&file, text).unwrap();
        source(&file).unwrap()
    }

    #[test]
    fn what_is_exported_is_returned_in_order() {
        let text =
            "echo noise\nexport PD_DIR=$HOME PORT='a\nb'\nNODE_ENV=unexported\nPATH=/nowhere\nenv() { :; }\n";
        let found = sourced(text).unwrap();
        assert_eq!(found.first(), Some(&("PORT", "a\nb".to_owned())));
        assert_eq!(found.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["PORT", "PD_DIR"]);
    }

    #[test]
    fn a_file_that_fails_says_nothing() {
        assert_eq!(sourced("if\n"), None);
        assert_eq!(sourced("export PORT=1\nfalse\n"), None);
        assert_eq!(sourced("export PORT=1\nexit 0\n"), Some(Vec::new()));
    }

    #[test]
    fn a_declaration_ends_at_the_next_equals_sign() {
        let declared =
            Declared { lines: ["PORT=1", "export PORT=2=3", "export PORT=4"].map(Into::into).into() };
        assert_eq!((declared.value("PORT"), declared.value("PD_DIR")), (Some("2"), None));
    }
}

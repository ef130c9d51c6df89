//! Where the interpreters are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::config::Config;
use crate::registry::Kind;
use crate::sys::dir::is_executable;

#[cfg(target_os = "macos")]
const SHELLS: &[&str] = &["/opt/homebrew/bin/bash", "/usr/local/bin/bash"];
#[cfg(not(target_os = "macos"))]
const SHELLS: &[&str] = &["/usr/bin/bash"];
const LAST_SHELL: &str = "/bin/bash";

/// Says which node nvm has in use. Its directory is the one argument; what nvm.sh prints or returns counts for nothing.
const NVM_CURRENT: &str = r#"export TETRA_NVM=$1; set --
source "$TETRA_NVM/nvm.sh" >/dev/null
nvm which current"#;

/// The interpreter of a type: a path, or the bare word when there is none. A plain command has no interpreter.
pub fn find(kind: Kind, config: &Config, cwd: &Path) -> Option<String> {
    let found = match kind {
        Kind::Command => return None,
        Kind::Python => python(config, cwd),
        Kind::Node => match config.nvm_dir() {
            Some(nvm) => nvm_current(&nvm),
            None => on_path("node", config, cwd),
        },
        Kind::Bash => Some(shell(SHELLS).to_owned()),
        Kind::Lua => own("lua/bin/lua", config).or_else(|| on_path("lua", config, cwd)),
        Kind::Go => own("go/bin/go", config).or_else(|| on_path("go", config, cwd)),
    };
    Some(found.unwrap_or_else(|| kind.name().to_owned()))
}

fn python(config: &Config, cwd: &Path) -> Option<String> {
    let shim = config.pyenv_root.as_ref().map(|root| root.join("shims/python"));
    shim.and_then(executable).or_else(|| on_path("python3", config, cwd))
}

fn own(program: &str, config: &Config) -> Option<String> {
    executable(config.layout.tetra().join(program))
}

fn on_path(program: &str, config: &Config, cwd: &Path) -> Option<String> {
    text(cwd.join(config.find_program(program)?))
}

fn shell(choice: &[&'static str]) -> &'static str {
    choice.iter().find(|path| is_executable(Path::new(path))).unwrap_or(&LAST_SHELL)
}

fn nvm_current(nvm: &Path) -> Option<String> {
    let output = Command::new(shell(SHELLS))
        .args(["-c", NVM_CURRENT, "bash"])
        .arg(nvm)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    Some(said.trim_end_matches('\n').to_owned()).filter(|path| !path.is_empty())
}

fn executable(path: PathBuf) -> Option<String> {
    Some(path).filter(|path| is_executable(path)).and_then(text)
}

/// Only a path that is text can stand in a record.
fn text(path: PathBuf) -> Option<String> {
    path.into_os_string().into_string().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing;

    fn found(kind: Kind, config: &Config) -> String {
        find(kind, config, Path::new("/w")).unwrap()
    }

    #[test]
    fn bare_word_where_nothing_is_installed() {
        let temp = tempfile::tempdir().unwrap();
        let config = testing::config(temp.path());
        for kind in [Kind::Python, Kind::Node, Kind::Lua, Kind::Go] {
            assert_eq!(found(kind, &config), kind.name());
        }
        assert_eq!(find(Kind::Command, &config, Path::new("/w")), None);
    }

    #[test]
    fn own_interpreters_come_before_those_on_path() {
        let temp = tempfile::tempdir().unwrap();
        let config = testing::config(temp.path());
        for (kind, own) in [(Kind::Lua, "lua/bin/lua"), (Kind::Go, "go/bin/go")] {
            let on_path = temp.path().join("bin").join(kind.name());
            testing::executable(&on_path, "");
            assert_eq!(found(kind, &config), on_path.to_str().unwrap());
            fs::create_dir_all(temp.path().join(own).parent().unwrap()).unwrap();
            fs::write(temp.path().join(own), "").unwrap();
            assert_eq!(found(kind, &config), on_path.to_str().unwrap(), "not executable yet");
            testing::executable(&temp.path().join(own), "");
            assert_eq!(found(kind, &config), temp.path().join(own).to_str().unwrap());
        }
    }

    #[test]
    fn python_is_the_shim_of_pyenv_then_python3() {
        let temp = tempfile::tempdir().unwrap();
        let mut config = testing::config(temp.path());
        config.pyenv_root = Some(temp.path().join("pyenv"));
        testing::executable(&temp.path().join("bin/python3"), "");
        assert_eq!(found(Kind::Python, &config), temp.path().join("bin/python3").to_str().unwrap());
        let shim = temp.path().join("pyenv/shims/python");
        testing::executable(&shim, "");
        assert_eq!(found(Kind::Python, &config), shim.to_str().unwrap());
    }

    #[test]
    fn node_is_what_nvm_uses() {
        let temp = tempfile::tempdir().unwrap();
        let config = testing::config(temp.path());
        testing::executable(&temp.path().join("bin/node"), "");
        assert_eq!(found(Kind::Node, &config), temp.path().join("bin/node").to_str().unwrap());
        fs::create_dir(temp.path().join("nvm")).unwrap();
        assert_eq!(found(Kind::Node, &config), "node", "an nvm that says nothing");
        let nvm = "echo noise $#; nvm() { echo \"$TETRA_NVM/$1/$2\"; echo noise >&2; }; return 3\n";
        fs::write(temp.path().join("nvm/nvm.sh"), nvm).unwrap();
        assert_eq!(found(Kind::Node, &config), temp.path().join("nvm/which/current").to_str().unwrap());
    }

    #[test]
    fn relative_path_entries_start_where_the_process_will() {
        let temp = tempfile::tempdir().unwrap();
        let here = std::path::absolute("Cargo.toml").unwrap();
        let here = here.parent().unwrap();
        let relative: PathBuf = here.iter().skip(1).map(|_| "..").collect();
        let mut config = testing::config(temp.path());
        let tools = temp.path().join("bin");
        testing::executable(&tools.join("lua"), "");
        config.path = relative.join(tools.strip_prefix("/").unwrap()).into();
        assert!(Path::new(&found(Kind::Lua, &config)).is_absolute());
    }

    #[test]
    fn shell_is_the_first_that_can_run() {
        assert_eq!(shell(&["/nowhere/bash", "/bin/sh"]), "/bin/sh");
        assert_eq!(shell(&["/nowhere/bash"]), LAST_SHELL);
    }
}

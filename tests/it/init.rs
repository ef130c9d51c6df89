//! `tsm init`

mod overwrite;
mod toml;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};

use crate::harness::{Home, assert_transcript, finish};

const TOML: &str = "[environments.dev]\nport = 8000\n";

/// `tsm init` with something to read on stdin.
fn answered(home: &Home, environment: &str, answer: &str) -> Output {
    let stdin = home.put_work("answer", answer);
    finish(home.tsm_command(&["init", environment]).stdin(Stdio::from(fs::File::open(stdin).unwrap())))
}

fn text(home: &Home, path: &str) -> String {
    fs::read_to_string(home.work().join(path)).unwrap()
}

/// What lies in `env`.
fn files(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.work().join("env")).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(home: &Home, path: &str) -> u32 {
    home.work().join(path).metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn without_an_environment_the_usage_is_shown() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    let output = home.tsm(&["init"]);
    assert_transcript!(home, output, @"
    status 64
    --- stdout
    Usage: tsm init <environment>
    Examples:
      tsm init dev      # Create env/dev.env from template
      tsm init staging  # Create env/staging.env from template
    --- stderr
    ");
    for words in [["init", "", ""], ["init", "", "dev"]] {
        assert_eq!(home.tsm(&words), output, "{words:?}");
    }
    assert!(home.tree().is_empty());
    assert_eq!(files(&home), [""; 0]);
}

#[test]
fn neither_document_nor_template() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["init", "dev"]), @"
    status 1
    --- stdout
    ❌ Neither tetra.toml nor template found
    Missing: tetra.toml and env/dev.env.tmpl

    Available templates:
      No templates found

    💡 Create tetra.toml for enhanced configuration management
    --- stderr
    ");
    assert!(!home.work().join("env").exists());
}

#[test]
fn templates_that_are_there_are_listed() {
    let home = Home::new();
    for name in ["staging.env.tmpl", "prod.env.tmpl", ".env.tmpl", ".x.env.tmpl", "old.env", "dev.tmpl"] {
        home.put_work(&format!("env/{name}"), "");
    }
    assert_transcript!(home, home.tsm(&["init", "dev", "ignored", "--words"]), @"
    status 1
    --- stdout
    ❌ Neither tetra.toml nor template found
    Missing: tetra.toml and env/dev.env.tmpl

    Available templates:
    env/prod.env.tmpl
    env/staging.env.tmpl

    💡 Create tetra.toml for enhanced configuration management
    --- stderr
    ");
}

#[test]
fn a_template_is_copied_for_nobody_else_to_read() {
    let home = Home::new();
    let bytes = b"export A=\"\xff\"\r\n# no newline at the end";
    home.put_work("env/dev.env.tmpl", bytes);
    assert_transcript!(home, home.tsm(&["init", "dev"]), @"
    status 0
    --- stdout
    ✅ Created env/dev.env from env/dev.env.tmpl

    ⚠️  IMPORTANT: Edit env/dev.env and replace placeholder values with real secrets
    ⚠️  Never commit env/dev.env to git - it's protected by .gitignore

    Next steps:
      1. Edit env/dev.env with your actual secrets (if needed)
      2. Use: tsm start --env env/dev.env your-script.sh
    --- stderr
    ");
    assert_eq!(fs::read(home.work().join("env/dev.env")).unwrap(), bytes);
    assert_eq!(mode(&home, "env/dev.env"), 0o600);
    assert_eq!(files(&home), ["dev.env", "dev.env.tmpl"]);
    assert!(home.tree().is_empty());
}

#[test]
fn a_directory_is_no_document_and_no_template() {
    let home = Home::new();
    fs::create_dir_all(home.work().join("tetra.toml")).unwrap();
    fs::create_dir_all(home.work().join("env/dev.env.tmpl")).unwrap();
    let output = home.tsm(&["init", "dev"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.starts_with("❌ Neither".as_bytes()));
    assert!(!home.work().join("env/dev.env").exists());
}

#[test]
fn nothing_is_written_outside_env() {
    let home = Home::new();
    home.put_work("env/a/x.env.tmpl", "template\n");
    home.put_work("x.env.tmpl", "template\n");
    assert_transcript!(home, home.tsm(&["init", "../x"]), @"
    status 1
    --- stdout
    ❌ Neither tetra.toml nor template found
    Missing: tetra.toml and env/../x.env.tmpl

    Available templates:
      No templates found

    💡 Create tetra.toml for enhanced configuration management
    --- stderr
    ");
    assert_eq!(home.tsm(&["init", "a/x"]).status.code(), Some(1));

    home.put_work("tetra.toml", "[environments.../x]\na = 1\n[environments.a/x]\na = 1\n");
    assert_transcript!(home, home.tsm(&["init", "../x"]), @"
    status 1
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/../x.env

    🔄 Generating env/../x.env from tetra.toml...
    ❌ Failed to generate env/../x.env from TOML
    --- stderr
    Error: Environment section [../x] not found in tetra.toml
    ");
    assert_eq!(home.tsm(&["init", "a/x"]).status.code(), Some(1));
    for path in ["x.env", "env/a/x.env"] {
        assert!(!home.work().join(path).exists(), "{path}");
    }
}

#[test]
fn what_cannot_be_written_is_named() {
    let home = Home::new();
    home.put_work("tetra.toml", TOML);
    fs::create_dir_all(home.work().join("env/dev.env")).unwrap();
    assert_transcript!(home, answered(&home, "dev", "y"), @"
    status 1
    --- stdout
    🔧 Using tetra.toml for environment generation
    🎯 Target: env/dev.env

    ⚠️  Warning: env/dev.env already exists

    🔄 Generating env/dev.env from tetra.toml...
    ❌ Failed to generate env/dev.env from TOML
    --- stderr
    tsm: cannot write env/dev.env: Is a directory
    ");
    assert_eq!(files(&home), ["dev.env"]);

    fs::remove_dir_all(home.work().join("env")).unwrap();
    home.put_work("env", "a file");
    let output = home.tsm(&["init", "dev"]);
    assert_eq!(output.stderr, b"tsm: cannot create env: File exists\n");
    assert_eq!(output.status.code(), Some(1));
}

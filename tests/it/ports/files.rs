//! `import` and `export`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{FILE, stdout};
use crate::harness::{Home, assert_transcript};

#[test]
fn the_registry_is_not_exported_onto_itself() {
    let home = Home::new();
    home.put(FILE, "[ports]\nweb = 1\n");
    let file = home.root().join(FILE);
    std::os::unix::fs::symlink(&file, home.work().join("link")).unwrap();
    for words in [[file.to_str().unwrap(), "env"], ["link", "json"], ["link", "toml"]] {
        let output = home.tsm(&["ports", "export", words[0], words[1]]);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "Failed to export configuration\n");
        assert_eq!(output.status.code(), Some(1));
    }
    assert_eq!(home.read(FILE), "[ports]\nweb = 1\n");
}

#[test]
fn an_export_replaces_a_file_and_keeps_its_mode() {
    let home = Home::new();
    home.put(FILE, "[ports]\nweb = 1\n");
    let file = home.put_work("out.env", "something much longer than what comes\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(home.tsm(&["ports", "export", "out.env", "env"]).status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), "export WEB_PORT=1\n");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let output = home.tsm(&["ports", "export", "/dev/stdout", "env"]);
    assert!(stdout(&output).starts_with("export WEB_PORT=1\n"), "{output:?}");
}

#[test]
fn two_imports_in_one_second_keep_both_files() {
    let home = Home::new();
    for number in 1..=3 {
        home.put_work("in.toml", format!("[ports]\nweb = {number}\n"));
        assert!(home.tsm(&["ports", "import", "in.toml"]).status.success());
    }
    let kept = home.tree().iter().filter(|path| path.starts_with("config/ports.toml.backup.")).count();
    assert_eq!(kept, 3);
    assert_eq!(home.read(FILE), "[ports]\nweb = 3\n");
}

#[test]
fn what_was_imported_is_looked_at() {
    let home = Home::new();
    home.put_work("in.toml", "[ports]\nno sense\n");
    assert_transcript!(home, home.tsm(&["ports", "import", "in.toml"]), @"
    status 0
    --- stdout
    Created backup: <ROOT>/config/ports.toml.backup.<EPOCH>
    Imported port configuration from in.toml
    Port registry reloaded
    --- stderr
    Warning: Invalid TOML syntax at line 2: no sense
    ");
    let itself = home.root().join(FILE);
    assert_transcript!(home, home.tsm(&["ports", "import", itself.to_str().unwrap()]), @"
    status 1
    --- stdout
    --- stderr
    Warning: Invalid TOML syntax at line 2: no sense
    Failed to import configuration from <ROOT>/config/ports.toml
    ");
    let output = home.tsm(&["ports", "import", "."]);
    assert!(String::from_utf8_lossy(&output.stderr).ends_with("Import file not found: .\n"));
}

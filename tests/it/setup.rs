//! `tsm setup`

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::harness::{Home, assert_transcript, finish};

#[test]
fn setup_makes_the_tree_and_nothing_else() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["setup", "extra", "--words"]), @"
    status 0
    --- stdout
    tsm: setup complete
    --- stderr
    ");
    assert_eq!(
        home.tree(),
        [
            "config",
            "config/ports.toml",
            "tsm",
            "tsm/runtime",
            "tsm/runtime/logs",
            "tsm/runtime/next_id",
            "tsm/runtime/pids",
            "tsm/runtime/processes",
            "tsm/services-available",
            "tsm/services-enabled",
        ]
    );
    assert_eq!(home.read("tsm/runtime/next_id"), "0\n");
    assert_eq!(mode(&home.root().join("tsm/runtime/next_id")), 0o644);
}

#[test]
fn setup_writes_the_named_ports_byte_for_byte() {
    let home = Home::with_setup();
    assert_eq!(home.read("config/ports.toml"), include_str!("../fixtures/ports.toml"));
    assert_eq!(mode(&home.root().join("config/ports.toml")), 0o644);
}

#[test]
fn a_second_setup_changes_nothing() {
    let home = Home::with_setup();
    home.put("tsm/runtime/next_id", "7\n");
    home.put("config/ports.toml", "[ports]\nmine = 1\n");
    home.put("tsm/services-available/web.tsm", "TSM_PORT=1\n");
    let before = snapshot(&home);

    assert!(home.tsm(&["setup"]).status.success());

    assert_eq!(snapshot(&home), before);
}

#[test]
fn setup_completes_what_is_there_in_part() {
    let home = Home::new();
    home.put("tsm/runtime/processes/web.json", "{}");
    assert!(home.tsm(&["setup"]).status.success());
    assert_eq!(home.read("tsm/runtime/processes/web.json"), "{}");
    assert!(home.exists("tsm/services-enabled"));
}

#[test]
fn a_dangling_link_in_place_of_the_named_ports_is_left_alone() {
    let home = Home::new();
    fs::create_dir(home.root().join("config")).unwrap();
    std::os::unix::fs::symlink(home.work().join("nowhere"), home.root().join("config/ports.toml")).unwrap();
    assert!(home.tsm(&["setup"]).status.success());
    assert!(!home.work().join("nowhere").exists());
}

#[test]
fn a_file_in_the_way_is_named() {
    let home = Home::new();
    home.put("tsm/runtime", "not a directory");
    assert_transcript!(home, home.tsm(&["setup"]), @"
    status 1
    --- stdout
    --- stderr
    tsm: cannot create <ROOT>/tsm/runtime/logs: Not a directory
    ");
}

#[test]
fn many_setups_at_once_make_one_tree() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert!(home.tsm(&["setup"]).status.success()));
        }
    });
    assert_eq!(home.tree(), Home::with_setup().tree());
    assert_eq!(home.read("config/ports.toml"), include_str!("../fixtures/ports.toml"));
}

#[test]
fn without_tetra_dir_the_home_directory_holds_it() {
    let home = Home::new();
    for dir in [None, Some("")] {
        let mut command = home.tsm_command(&["setup"]);
        match dir {
            None => command.env_remove("TETRA_DIR"),
            Some(empty) => command.env("TETRA_DIR", empty),
        };
        assert!(finish(&mut command).status.success());
        assert!(home.home().join("tetra/tsm/runtime/next_id").is_file());
        fs::remove_dir_all(home.home().join("tetra")).unwrap();
    }
    assert!(home.tree().is_empty());
}

#[test]
fn without_tetra_dir_and_home_nothing_is_done() {
    let home = Home::new();
    let output = finish(home.tsm_command(&["setup"]).env_remove("TETRA_DIR").env_remove("HOME"));
    assert_transcript!(home, output, @"
    status 1
    --- stdout
    --- stderr
    tsm: TETRA_DIR not set
    ");
}

#[test]
fn directories_of_another_installation_are_no_input() {
    let home = Home::new();
    let elsewhere = home.work().join("elsewhere");
    let mut command = home.tsm_command(&["setup"]);
    for name in ["TSM_DIR", "TSM_LOGS_DIR", "TSM_PIDS_DIR", "TSM_PROCESSES_DIR", "TSM_PORTS_DIR"] {
        command.env(name, &elsewhere);
    }
    assert!(finish(&mut command).status.success());
    assert!(!elsewhere.exists());
    assert!(home.exists("tsm/runtime/processes"));
}

/// Path, inode, time of the last change and content of everything.
fn snapshot(home: &Home) -> Vec<(String, u64, i64, Vec<u8>)> {
    let facts = |path: String| {
        let file = home.root().join(&path);
        let meta = file.symlink_metadata().unwrap();
        (path, meta.ino(), meta.mtime_nsec(), fs::read(&file).unwrap_or_default())
    };
    home.tree().into_iter().map(facts).collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

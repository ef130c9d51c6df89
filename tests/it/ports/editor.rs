//! `set` and `remove` change their own lines and nothing else.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::{FILE, stdout};
use crate::harness::Home;

/// A file with everything that an editor could stumble over. The stamp is the constant of the first file.
const ODD: &str = "# head\r\n[metadata] # ours\r\nlast_updated = \"2025-09-21T00:00:00Z\" # by hand\r\n\r\n\
                   [ports]\r\n  web=1   # first\r\n\"app\" = '2'\r\nweb = 3 # second\r\nweird key! = x\r\n\r\n\
                   [extra]\r\nweb = 9\r\nnonsense\r\n[ports] # again\r\na.b = 4\r\n# the last word";

fn after(words: &[&str]) -> String {
    let home = Home::new();
    home.put(FILE, ODD);
    let output = home.tsm(&[&["ports"], words].concat());
    assert!(output.status.success(), "{output:?}");
    let text = home.read(FILE);
    let stamp = text.lines().find(|line| line.starts_with("last_updated = ")).unwrap();
    text.replace(stamp.trim_end(), "STAMP")
}

/// The file with the stamp renewed, and its comment above it.
fn stamped() -> String {
    ODD.replace("last_updated = \"2025-09-21T00:00:00Z\" # by hand", "# by hand\r\nSTAMP")
}

#[test]
fn the_line_in_effect_changes() {
    let expected = stamped().replace("web = 3 # second", "# second\r\nweb = 7");
    assert_eq!(after(&["set", "web", "7"]), expected);
    let expected = stamped().replace("\"app\" = '2'", "app = 7");
    assert_eq!(after(&["set", "app", "007"]), expected);
    let expected = stamped().replace("a.b = 4", "a.b = 7");
    assert_eq!(after(&["set", "a.b", "7"]), expected);
}

#[test]
fn a_new_key_stands_behind_the_last_one() {
    let expected = stamped().replace("a.b = 4\r\n", "a.b = 4\r\nnew = 7\r\n");
    assert_eq!(after(&["set", "new", "7"]), expected);
}

#[test]
fn a_removed_service_loses_all_its_lines_of_the_section() {
    let expected = stamped().replace("  web=1   # first\r\n", "").replace("web = 3 # second\r\n", "");
    assert_eq!(after(&["remove", "web"]), expected);
    let expected = stamped().replace("weird key! = x\r\n", "");
    assert_eq!(after(&["remove", "weird key!"]), expected);
}

#[test]
fn missing_sections_are_added() {
    let home = Home::new();
    home.put(FILE, "[reserved]\nx = \"22\"");
    assert!(home.tsm(&["ports", "set", "web", "7"]).status.success());
    let text = home.read(FILE);
    let (head, stamp) = text.split_once("last_updated = \"20").unwrap();
    assert_eq!(head, "[reserved]\nx = \"22\"\n\n[ports]\nweb = 7\n\n[metadata]\n");
    assert!(stamp.ends_with("Z\"\n"), "{text}");
}

#[test]
fn a_link_is_written_through_and_the_mode_stays() {
    let home = Home::new();
    let real = home.put_work("shared/real.toml", "[ports]\nweb = 1\n");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    fs::create_dir(home.root().join("config")).unwrap();
    symlink(&real, home.root().join(FILE)).unwrap();
    let before = fs::metadata(&real).unwrap();

    assert!(home.tsm(&["ports", "set", "web", "7"]).status.success());

    let meta = fs::metadata(&real).unwrap();
    assert!(fs::read_to_string(&real).unwrap().starts_with("[ports]\nweb = 7\n"));
    assert!(home.root().join(FILE).symlink_metadata().unwrap().is_symlink());
    assert_eq!((meta.mode(), meta.uid(), meta.gid()), (before.mode(), before.uid(), before.gid()));
    assert_eq!(fs::read_dir(real.parent().unwrap()).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_refused_change_changes_nothing() {
    let home = Home::new();
    home.put(FILE, ODD);
    for words in [["set", "web", "0"], ["set", "we b", "7"], ["set", "web", "4"], ["remove", "nobody", ""]] {
        assert_eq!(home.tsm(&[&["ports"], &words[..]].concat()).status.code(), Some(1), "{words:?}");
    }
    assert_eq!(home.read(FILE), ODD);
}

#[test]
fn what_is_written_is_read_again() {
    let home = Home::new();
    home.put(FILE, ODD);
    assert!(home.tsm(&["ports", "set", "web", "7"]).status.success());
    let text = stdout(&home.tsm(&["ports"]));
    let rows: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(rows, ["a.b          4", "app          2", "web          7", "weird key!   x"]);
}

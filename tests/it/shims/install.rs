//! `tsm shims`: in and out again.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

use crate::harness::{Home, assert_transcript};

/// Everything below a directory: path, kind and mode, time, bytes or text of a link.
pub(super) fn picture(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap().flatten() {
            let (path, meta) = (entry.path(), entry.path().symlink_metadata().unwrap());
            let shown = path.strip_prefix(dir).unwrap().display();
            if meta.is_dir() {
                found.push(format!("{shown}/ {:o}", meta.mode()));
                open.push(path);
            } else if meta.is_symlink() {
                found.push(format!("{shown} -> {}", fs::read_link(&path).unwrap().display()));
            } else {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                found.push(format!("{shown} {:o} {} {text:?}", meta.mode(), meta.mtime()));
            }
        }
    }
    found.sort();
    found
}

/// The bash tool with more of what may be in its directory.
pub(super) fn rich(home: &Home) -> PathBuf {
    let dir = home.old_tool();
    for (path, text) in [
        ("process/start.sh", "# start\n"),
        ("index.sh", "# old index\n"),
        ("logs/tsm.log", "log\n"),
        ("README.md", "read\n"),
        ("core/include.sh", "# old\n"),
        ("system/x.sh", "#\n"),
        ("tests/more.sh", "# kept\n"),
    ] {
        fs::create_dir_all(dir.join(path).parent().unwrap()).unwrap();
        fs::write(dir.join(path), text).unwrap();
    }
    fs::set_permissions(dir.join("process/start.sh"), fs::Permissions::from_mode(0o750)).unwrap();
    let file = fs::File::options().write(true).open(dir.join("index.sh")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000)).unwrap();
    symlink("process/start.sh", dir.join("go.sh")).unwrap();
    symlink("nowhere", dir.join("tsm")).unwrap();
    dir
}

fn shims(home: &Home, words: &[&str], dir: &Path) -> Output {
    home.tsm(&[&["shims"], words, &[dir.to_str().unwrap()]].concat())
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn backup(dir: &Path) -> PathBuf {
    let entries = fs::read_dir(dir.parent().unwrap()).unwrap().flatten();
    let mut backups = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".tsm-backup-"));
    backups.next().unwrap().path()
}

#[test]
fn what_was_there_comes_back_byte_for_byte() {
    let home = Home::new();
    let dir = rich(&home);
    let before = picture(dir.parent().unwrap());
    let trial = shims(&home, &["install", "--dry-run"], &dir);
    assert_eq!(picture(dir.parent().unwrap()), before, "a trial changes nothing");
    assert_eq!(String::from_utf8_lossy(&trial.stdout).matches("would move ").count(), 8, "{trial:?}");
    assert_eq!(code(&shims(&home, &["status"], &dir)), 1);

    assert_eq!(code(&shims(&home, &["install"], &dir)), 0);
    assert_eq!(fs::read_link(dir.join("tsm")).unwrap(), home.bin().join("tsm").canonicalize().unwrap());
    assert_eq!(code(&shims(&home, &["status"], &dir)), 0);
    for stays in ["logs/tsm.log", "README.md", "tests/test.sh", "tests/more.sh"] {
        assert!(dir.join(stays).is_file(), "{stays}");
    }
    for gone in ["process/start.sh", "core/core.sh", "system/x.sh", "go.sh"] {
        assert!(dir.join(gone).symlink_metadata().is_err(), "{gone}");
        assert!(backup(&dir).join("files").join(gone).symlink_metadata().is_ok(), "{gone}");
    }
    assert_eq!(fs::metadata(backup(&dir)).unwrap().mode() & 0o777, 0o700);

    let removed = shims(&home, &["remove"], &dir);
    assert_eq!(
        String::from_utf8_lossy(&removed.stdout),
        format!("tsm: shims removed from {}; 8 file(s) are back\n", dir.display())
    );
    assert_eq!(picture(dir.parent().unwrap()), before);
    assert_eq!(code(&shims(&home, &["remove"], &dir)), 1);
}

#[test]
fn installing_again_keeps_the_first_backup() {
    let home = Home::new();
    let dir = rich(&home);
    let before = picture(dir.parent().unwrap());
    assert_eq!(code(&shims(&home, &["install"], &dir)), 0);
    // As a pull of the old tool does: newer files come back.
    fs::write(dir.join("tsm.sh"), "tsm() { echo newer; }\n").unwrap();
    fs::write(dir.join("process/new.sh"), "# new\n").unwrap();
    fs::remove_file(dir.join("includes.sh")).unwrap();
    let status = shims(&home, &["status"], &dir);
    assert_eq!(code(&status), 1);
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    let drift: Vec<&str> = said.lines().skip(2).collect();
    assert_eq!(drift, ["changed: tsm.sh", "missing: includes.sh", "not a shim: process/new.sh"]);

    let again = shims(&home, &["install"], &dir);
    assert!(String::from_utf8_lossy(&again.stdout).starts_with("tsm: upgraded 14 shims"), "{again:?}");
    assert_eq!(code(&shims(&home, &["status"], &dir)), 0);
    assert_eq!(fs::read_to_string(backup(&dir).join("files/tsm.sh")).unwrap(), "tsm() { echo old; }\n");
    let newer = fs::read_dir(backup(&dir))
        .unwrap()
        .flatten()
        .find(|entry| entry.file_name().to_string_lossy().starts_with("replaced-"));
    assert_eq!(fs::read_to_string(newer.unwrap().path().join("tsm.sh")).unwrap(), "tsm() { echo newer; }\n");

    assert_eq!(code(&shims(&home, &["remove"], &dir)), 0);
    fs::remove_file(dir.join("process/new.sh")).unwrap();
    fs::remove_dir_all(backup(&dir)).unwrap();
    assert_eq!(picture(dir.parent().unwrap()), before);
}

#[test]
fn an_edited_shim_is_not_lost() {
    let home = Home::new();
    let dir = rich(&home);
    assert_eq!(code(&shims(&home, &["install"], &dir)), 0);
    fs::write(dir.join("index.sh"), "# mine\n").unwrap();
    let now = picture(&dir);
    let refused = shims(&home, &["remove"], &dir);
    assert_transcript!(home, refused, @r"
    status 1
    --- stdout
    --- stderr
    tsm: edited since they were installed: index.sh; 'tsm shims remove --force' sets them aside
    ");
    assert_eq!(picture(&dir), now);
    let forced = shims(&home, &["remove", "--force"], &dir);
    assert_eq!(code(&forced), 0);
    assert_eq!(fs::read_to_string(dir.join("index.sh")).unwrap(), "# old index\n");
    let said = String::from_utf8_lossy(&forced.stdout).into_owned();
    let aside = said.lines().find_map(|line| line.strip_prefix("Edited shims are in ")).unwrap();
    assert_eq!(fs::read_to_string(Path::new(aside).join("index.sh")).unwrap(), "# mine\n");
}

#[test]
fn nothing_else_is_touched() {
    let home = Home::new();
    let dir = home.old_tool();
    let refuse = |dir: &Path| {
        let output = shims(&home, &["install"], dir);
        let text = format!("tsm: {} does not look like bash/tsm\n", dir.display());
        assert_eq!((String::from_utf8_lossy(&output.stderr).into_owned(), code(&output)), (text, 1));
    };
    refuse(&home.work());
    refuse(&home.work().join("none"));
    refuse(dir.parent().unwrap());
    let link = home.work().join("bash");
    fs::create_dir(&link).unwrap();
    symlink(&dir, link.join("tsm")).unwrap();
    refuse(&link.join("tsm"));
    fs::write(dir.join("tsm.sh"), "tsm_x() { :; }\n").unwrap();
    refuse(&dir);
    fs::write(dir.join("tsm.sh"), "  function tsm {\n:; }\n").unwrap();
    fs::create_dir(dir.join("index.sh")).unwrap();
    let output = shims(&home, &["install"], &dir);
    assert_transcript!(home, output, @r"
    status 1
    --- stdout
    --- stderr
    tsm: <BIN>/bash/tsm/index.sh is in the way: neither a file nor a link
    ");
    fs::remove_dir(dir.join("index.sh")).unwrap();
    assert_eq!(code(&shims(&home, &["install"], &dir)), 0);
    let manifest = backup(&dir).join("manifest.json");
    fs::write(&manifest, "{}").unwrap();
    assert_eq!(code(&shims(&home, &["remove"], &dir)), 1, "a damaged manifest");
}

#[test]
fn words_are_checked() {
    let home = Home::new();
    for words in [
        &["shims"][..],
        &["shims", "frob"],
        &["shims", "install"],
        &["shims", "install", "--force", "x"],
        &["shims", "status"],
    ] {
        assert_eq!(code(&home.tsm(words)), 64, "{words:?}");
    }
}

#[test]
fn a_backup_that_was_damaged_is_told_before_anything_changes() {
    let home = Home::new();
    let dir = rich(&home);
    assert_eq!(code(&shims(&home, &["install"], &dir)), 0);
    let now = picture(&dir);
    fs::write(backup(&dir).join("files/system/x.sh"), "# other\n").unwrap();
    let output = shims(&home, &["remove", "--force"], &dir);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("system/x.sh is missing or damaged"),
        "{output:?}"
    );
    assert_eq!(picture(&dir), now);
}

//! Which `tsm` is tested.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What `TSM_UNDER_TEST` names; else the executable that cargo built with these tests; else, where they were copied
/// to another place or cannot be read by this user, the one beside them.
pub(super) fn tsm() -> &'static Path {
    static TSM: LazyLock<PathBuf> = LazyLock::new(|| {
        named().or_else(built).or_else(beside).expect("no tsm to test: set TSM_UNDER_TEST to its path")
    });
    &TSM
}

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, of no concern to the program")]
fn named() -> Option<PathBuf> {
    let path = std::env::var_os("TSM_UNDER_TEST")?;
    Some(std::path::absolute(path).unwrap())
}

fn built() -> Option<PathBuf> {
    Some(assert_cmd::cargo::cargo_bin!("tsm").to_owned()).filter(|path| path.is_file())
}

/// `target/debug/tsm` for `target/debug/deps/it-…`, or two copies in one directory.
fn beside() -> Option<PathBuf> {
    let tests = std::env::current_exe().ok()?;
    tests.ancestors().skip(1).take(2).map(|dir| dir.join("tsm")).find(|path| path.is_file())
}

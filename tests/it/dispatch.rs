//! The first word decides.

use crate::harness::{Home, assert_transcript, finish};

#[test]
fn an_unknown_command_is_a_usage_error_with_advice() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["frob", "x"]), @"
    status 64
    --- stdout
    Use 'tsm help' for usage information
    --- stderr
    tsm: unknown command 'frob'
    ");
    assert!(home.tree().is_empty());
}

#[test]
fn the_version_is_the_packages() {
    let home = Home::new();
    for flag in ["-V", "--version"] {
        let output = home.tsm(&[flag]);
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            concat!("tsm ", env!("CARGO_PKG_VERSION"), "\n")
        );
        assert!(output.status.success() && output.stderr.is_empty());
    }
}

#[test]
fn the_version_needs_no_installation() {
    let home = Home::new();
    let output = finish(home.tsm_command(&["--version"]).env_remove("TETRA_DIR").env_remove("HOME"));
    assert!(output.status.success());
}

#[test]
fn a_reader_that_went_away_ends_a_command_quietly() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = home.tsm_command(&["--version"]).stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_word_that_is_no_text_is_an_unknown_command() {
    use std::os::unix::ffi::OsStrExt as _;
    let home = Home::new();
    let output = finish(home.tsm_command(&[]).arg(std::ffi::OsStr::from_bytes(b"st\xffart")));
    assert_eq!(output.status.code(), Some(64));
}

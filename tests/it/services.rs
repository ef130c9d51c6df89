//! `tsm services`, `show`, `enable`, `disable` and `rm`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::harness::{Home, assert_transcript};

const OLD: [(&str, &str); 4] = [
    ("other svc", include_str!("../fixtures/services/other svc.tsm")),
    ("saved-svc", include_str!("../fixtures/services/saved-svc.tsm")),
    ("web-20200", include_str!("../fixtures/services/web-20200.tsm")),
    ("later", include_str!("../fixtures/services/later.tsm")),
];

pub(crate) fn put(home: &Home, name: &str, text: &str) {
    home.put(&format!("tsm/services-available/{name}.tsm"), text);
}

fn said(home: &Home, words: &[&str]) -> String {
    let output = home.tsm(words);
    assert_eq!(output.stderr, b"", "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn detail_has_a_line_for_what_is_set() {
    let home = Home::with_setup();
    put(&home, "web", "TSM_COMMAND='x y'\nTSM_PORT=80\nTSM_ENV_FILE=dev.env\nTSM_DESCRIPTION='The web'\n");
    put(&home, "bare", "");
    home.tsm(&["enable", "web"]);
    assert_transcript!(home, home.tsm(&["services", "--detail", "ignored"]), @r"
    status 0
    --- stdout
    📋 Saved Service Definitions:
      📄 bare ⚪
          Command: 

      📄 web ✅
          Command: x y
          Port: 80
          Env: dev.env
          Description: The web


    Legend: ✅ enabled for autostart, ⚪ disabled
    Usage: tsm list-services [-d|--detail]
    --- stderr
    ");
}

#[test]
fn only_files_and_links_to_files_are_definitions_and_only_links_enable() {
    let home = Home::with_setup();
    let (available, enabled) =
        (home.root().join("tsm/services-available"), home.root().join("tsm/services-enabled"));
    for name in ["b", "a", "B", ".hidden", "a.b"] {
        put(&home, name, "TSM_COMMAND=x\n");
    }
    fs::write(available.join("README"), "TSM_COMMAND=x").unwrap();
    fs::create_dir(available.join("dir.tsm")).unwrap();
    symlink("a.tsm", available.join("link.tsm")).unwrap();
    symlink("none.tsm", available.join("dangling.tsm")).unwrap();
    fs::copy(available.join("a.tsm"), enabled.join("a.tsm")).unwrap();
    fs::create_dir(enabled.join("a.b.tsm")).unwrap();
    symlink("loop.tsm", enabled.join("b.tsm")).unwrap();
    let listing = said(&home, &["services"]);
    let rows: Vec<&str> = listing.lines().filter(|line| line.contains("📄")).collect();
    assert_eq!(
        rows,
        ["  📄 B ⚪ (x)", "  📄 a.b ⚪ (x)", "  📄 a ⚪ (x)", "  📄 b ✅ (x)", "  📄 link ⚪ (x)"]
    );

    let output = home.tsm(&["enable", "a"]);
    assert_eq!((output.status.code(), output.stdout), (Some(1), "❌ Failed to enable service: a\n".into()));
    assert_eq!(said(&home, &["disable", "a"]), "⚠️  Service not enabled: a\n");
    assert_eq!(said(&home, &["enable", "b"]), "⚠️  Service already enabled: b\n");
    assert!(said(&home, &["disable", "b"]).starts_with("✅ Disabled service: b\n"));
    assert!(!home.exists("tsm/services-enabled/b.tsm"));
}

#[test]
fn what_the_bash_tool_has_written_is_read() {
    let home = Home::with_setup();
    for (name, text) in OLD {
        put(&home, name, &text.replace("@WORK@", home.work().to_str().unwrap()));
    }
    let listing = said(&home, &["services"]);
    let rows: Vec<&str> = listing.lines().filter(|line| line.contains("📄")).collect();
    assert_eq!(
        rows,
        [
            "  📄 later ⚪ (python3 -m http.server 20630)",
            "  📄 other svc ⚪ (bash -c echo)",
            "  📄 saved-svc ⚪ (python3 -m http.server 20210)",
            "  📄 web-20200 ⚪ (websaved)",
        ]
    );
    assert_transcript!(home, home.tsm(&["show", "saved-svc"]), @r"
    status 0
    --- stdout
    🔍 Service: saved-svc
    📄 File: <ROOT>/tsm/services-available/saved-svc.tsm

    Configuration:
      Name: saved-svc
      Command: python3 -m http.server 20210
      Directory: <WORK>
      Environment: none
      Port: none
      Description: none
      Status: disabled
    --- stderr
    ");
}

#[test]
fn a_link_is_enabled_relative_and_removed_without_its_target() {
    let home = Home::with_setup();
    let elsewhere = home.put_work("own.tsm", "TSM_COMMAND=x\n");
    symlink(&elsewhere, home.root().join("tsm/services-available/own.tsm")).unwrap();
    home.tsm(&["enable", "own"]);
    let link = fs::read_link(home.root().join("tsm/services-enabled/own.tsm")).unwrap();
    assert_eq!(link, std::path::Path::new("../services-available/own.tsm"));
    assert!(said(&home, &["rm", "own"]).contains("✅ Removed service: own\n"));
    assert!(elsewhere.exists() && !home.exists("tsm/services-available/own.tsm"));
    assert!(!home.exists("tsm/services-enabled/own.tsm"));
}

/// Whatever stands in a definition, and whatever a service is called.
#[test]
fn nothing_of_a_definition_is_ever_run_by_looking_at_it() {
    let home = Home::with_setup();
    let traps = [
        "$(touch trap)",
        "`touch trap`",
        "$((trap[$(touch trap)]))",
        "${x:-$(touch trap)}",
        "<(touch trap)",
        "'; touch trap; '",
    ];
    for (number, trap) in traps.iter().enumerate() {
        let fields = ["NAME", "COMMAND", "CWD", "ENV_FILE", "ENV", "PORT", "DESCRIPTION", "ARGS"];
        let lines = fields.map(|field| format!("TSM_{field}={trap}\nTSM_{field}=\"{trap}\"\n")).concat();
        let name = format!("s{number} $(touch trap)");
        put(&home, &name, &format!("touch trap\n{lines}trap 'touch trap' EXIT\nBASH_ENV=x source x\n"));
        let before = home.tree();
        for words in
            [&["services"][..], &["services", "-d"], &["show", &name], &["list", "available"], &["ls", "all"]]
        {
            assert_eq!(home.tsm(words).status.code(), Some(0), "{words:?}");
        }
        assert_eq!(home.tree(), before);
        for command in ["enable", "show", "disable", "enable", "rm"] {
            assert_eq!(home.tsm(&[command, &name]).status.code(), Some(0), "{command} {name}");
        }
    }
    assert_eq!(fs::read_dir(home.work()).unwrap().count(), 0);
    assert!(!home.exists("tsm/runtime/run"));
}

#[test]
fn a_definition_that_cannot_be_read_is_empty() {
    let home = Home::with_setup();
    put(&home, "a", "TSM_COMMAND=x\n");
    put(&home, "bytes", "TSM_COMMAND='\u{0}\u{1b}[31m'\nTSM_PORT='");
    fs::set_permissions(home.root().join("tsm/services-available/a.tsm"), fs::Permissions::from_mode(0o000))
        .unwrap();
    let listing = said(&home, &["services"]);
    assert!(listing.contains("📄 a ⚪ (") && listing.contains("📄 bytes ⚪ ("), "{listing}");
}

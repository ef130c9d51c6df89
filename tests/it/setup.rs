//! `tsm setup`

use crate::harness::{Home, assert_transcript};

#[test]
fn setup_makes_the_tree_and_says_so() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["setup", "extra", "words"]), @"
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
}

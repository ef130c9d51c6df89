//! A directory `bash/tsm` that old callers source.

use std::fs;
use std::path::PathBuf;

use super::Home;

/// As little of the bash tool as makes a directory look like it.
const OLD: [(&str, &str); 3] =
    [("tsm.sh", "tsm() { echo old; }\n"), ("core/core.sh", "# core\n"), ("tests/test.sh", "# a test\n")];

impl Home {
    /// The bash tool, or what looks like it.
    pub(crate) fn old_tool(&self) -> PathBuf {
        let dir = self.dir().join("src/bash/tsm");
        for (path, text) in OLD {
            let path = dir.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    /// The shims in its place.
    #[track_caller]
    pub(crate) fn shims(&self) -> PathBuf {
        let dir = self.old_tool();
        let output = self.tsm(&["shims", "install", dir.to_str().unwrap()]);
        assert!(output.status.success(), "{output:?}");
        dir
    }
}

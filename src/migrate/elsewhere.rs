//! What older versions wrote outside of the installation. It is told, and left alone.

use std::path::{Path, PathBuf};

use super::place::Place;
use super::report::Kept;

/// A version that did not know its own directory put its port ledger here.
const STRAY_LEDGER: &str = "/ports/registry.tsv";

/// TCS 3.0 ran in the source tree: what it left there may be under version control.
const IN_SOURCES: [&str; 3] = ["db", "active", "config"];

/// All of it. `sources`: the root of the bash tool's source tree.
pub fn leftovers(sources: Option<&Path>) -> Vec<Kept> {
    let in_sources = sources.into_iter().flat_map(|sources| {
        IN_SOURCES.iter().map(|name| (sources.join("bash/tsm").join(name), "in the source tree"))
    });
    let ledger = (PathBuf::from(STRAY_LEDGER), "outside of TETRA_DIR");
    let is_there = |(path, _): &(PathBuf, &str)| path.symlink_metadata().is_ok();
    let kept = |(path, reason): (PathBuf, &str)| Kept { path: Place::new(path), reason: reason.to_owned() };
    in_sources.chain([ledger]).filter(is_there).map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_source_tree_is_told() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(temp.path().join("bash/tsm/active")).unwrap();
        let found = leftovers(Some(temp.path()));
        let paths: Vec<_> = found.iter().map(|kept| kept.path.path().to_owned()).collect();
        assert!(paths.contains(&temp.path().join("bash/tsm/active")), "{paths:?}");
        assert!(!paths.contains(&temp.path().join("bash/tsm/db")), "{paths:?}");
    }
}

//! Which log a word names: that of an id, a file, a name, or a part of a name.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::layout::{Layout, Stream};
use crate::registry::{Record, Registry};
use crate::sys::dir;

/// Of logs that lie beside each other, one file for each process.
const FLAT: &str = ".out";

/// The log of stdout that `word` names. A path is returned as it was given.
pub fn find(word: &str, registry: &Registry) -> Result<Option<PathBuf>> {
    if word.is_empty() {
        return Ok(None);
    }
    if word.bytes().all(|byte| byte.is_ascii_digit())
        && let Some(record) = registry.records()?.iter().find(|record| record.tsm_id().to_string() == word)
    {
        return Ok(of_record(record, registry.layout()));
    }
    if Path::new(word).is_file() {
        return Ok(Some(word.into()));
    }
    if word.contains('/') || word == "." || word == ".." {
        return Ok(None);
    }
    let layout = registry.layout();
    Ok(of_name(word, layout).or_else(|| {
        names(layout).iter().filter(|name| name.contains(word)).find_map(|name| of_name(name, layout))
    }))
}

fn of_record(record: &Record, layout: &Layout) -> Option<PathBuf> {
    Some(PathBuf::from(record.log(Stream::Out, layout))).filter(|path| path.is_file())
}

fn of_name(name: &str, layout: &Layout) -> Option<PathBuf> {
    let current = PathBuf::from(layout.current_log(name, Stream::Out));
    [current, layout.flat_log(name)].into_iter().find(|path| path.is_file())
}

/// Of every process that has left a log, bytewise.
fn names(layout: &Layout) -> Vec<String> {
    let entries = dir::stems(&layout.logs(), "").unwrap_or_default();
    let mut names: Vec<String> =
        entries.into_iter().map(|name| name.strip_suffix(FLAT).map(str::to_owned).unwrap_or(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    #[test]
    fn a_word_is_an_id_a_file_a_name_or_a_part_of_one() {
        let temp = tempfile::tempdir().unwrap();
        let layout = Layout::new(temp.path()).unwrap();
        let registry = Registry::new(layout.clone());
        let [web, api] =
            ["web-8000", "api-9000"].map(|name| PathBuf::from(layout.current_log(name, Stream::Out)));
        let old = layout.logs().join("old-7000.out");
        let record =
            format!(r#"{{"tsm_id":3,"pid":1,"status":"stopped","logs":{{"out":"{}"}}}}"#, api.display());
        [&web, &api, &old].into_iter().for_each(|path| put(path));
        fs::create_dir_all(layout.processes()).unwrap();
        fs::write(layout.record("x"), record).unwrap();
        let file = temp.path().join("some.log");
        put(&file);
        for (word, path) in [
            ("3", Some(&api)),
            ("8000", Some(&web)),
            ("web-8000", Some(&web)),
            ("we", Some(&web)),
            ("-", Some(&api)),
            ("old-7000", Some(&old)),
            ("7000", Some(&old)),
            (file.to_str().unwrap(), Some(&file)),
            ("none", None),
            ("a*i", None),
            ("", None),
            ("..", None),
            ("../logs/web-8000", None),
        ] {
            assert_eq!(find(word, &registry).unwrap().as_ref(), path, "{word:?}");
        }
    }
}

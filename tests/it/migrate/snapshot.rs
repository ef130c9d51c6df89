//! A directory tree at one instant.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Everything below a directory by its path relative to it, links not followed.
#[derive(Clone)]
pub(super) struct Snapshot {
    nodes: BTreeMap<PathBuf, Node>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Node {
    kind: &'static str,
    pub(super) mode: u32,
    /// Of a file its bytes, of a link its text.
    pub(super) bytes: Vec<u8>,
    /// Of the last write and of the last change of anything, to the nanosecond.
    times: [i64; 4],
}

impl Snapshot {
    pub(super) fn of(root: &Path) -> Self {
        let mut snapshot = Self { nodes: BTreeMap::new() };
        snapshot.read(root, Path::new(""));
        snapshot
    }

    fn read(&mut self, root: &Path, below: &Path) {
        for entry in fs::read_dir(root.join(below)).into_iter().flatten().flatten() {
            let path = below.join(entry.file_name());
            self.nodes.insert(path.clone(), Node::of(&entry.path()));
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.read(root, &path);
            }
        }
    }

    /// Only what lies where `keep` says.
    pub(super) fn filtered(&self, keep: impl Fn(&Path) -> bool) -> Self {
        let nodes = self.nodes.iter().filter(|(path, _)| keep(path));
        Self { nodes: nodes.map(|(path, node)| (path.clone(), node.clone())).collect() }
    }

    /// A path and all below it.
    pub(super) fn at(&self, path: &Path) -> Self {
        self.filtered(|other| other.starts_with(path))
    }

    pub(super) fn get(&self, path: impl AsRef<Path>) -> Option<&Node> {
        self.nodes.get(path.as_ref())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Path, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_path(), node))
    }

    /// Each path that is not the same in both, and what is not the same about it: anything but the times.
    pub(super) fn differences(&self, later: &Self) -> Vec<String> {
        self.compare(later, Node::difference)
    }

    /// As [`Snapshot::differences`], the times too: whether anything was written.
    pub(super) fn writes(&self, later: &Self) -> Vec<String> {
        let written = |a: &Node, b: &Node| (a.times != b.times).then(|| "was written".to_owned());
        self.compare(later, |a, b| a.difference(b).or_else(|| written(a, b)))
    }

    fn compare(&self, later: &Self, difference: impl Fn(&Node, &Node) -> Option<String>) -> Vec<String> {
        let of = |path: &Path, text: &str| format!("{}: {text}", path.display());
        let changed = self.iter().filter_map(|(path, node)| match later.get(path) {
            None => Some(of(path, "is gone")),
            Some(now) => difference(node, now).map(|text| of(path, &text)),
        });
        let made = later.iter().filter(|(path, _)| self.get(path).is_none());
        changed.chain(made.map(|(path, _)| of(path, "is new"))).collect()
    }
}

impl Node {
    fn of(path: &Path) -> Self {
        let meta = path.symlink_metadata().unwrap();
        let kind = meta.file_type();
        let (kind, bytes) = match () {
            () if kind.is_dir() => ("a directory", Vec::new()),
            () if kind.is_file() => ("a file", fs::read(path).unwrap_or_default()),
            () if kind.is_symlink() => {
                ("a link", fs::read_link(path).unwrap().as_os_str().as_bytes().to_vec())
            }
            () if kind.is_fifo() => ("a fifo", Vec::new()),
            () => ("something else", Vec::new()),
        };
        let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()];
        Self { kind, mode: meta.mode() & 0o7777, bytes, times }
    }

    pub(super) fn is_file(&self) -> bool {
        self.kind == "a file"
    }

    pub(super) fn is_dir(&self) -> bool {
        self.kind == "a directory"
    }

    /// Mode and bytes.
    pub(super) fn as_found(&self) -> (u32, &[u8]) {
        (self.mode, &self.bytes)
    }

    /// Whether it is a file with these bytes and this mode.
    pub(super) fn is_like(&self, bytes: &[u8], mode: u32) -> bool {
        self.is_file() && self.bytes == bytes && self.mode == mode
    }

    pub(super) fn difference(&self, later: &Self) -> Option<String> {
        let text = |node: &Self| String::from_utf8_lossy(&node.bytes).into_owned();
        match () {
            () if self.kind != later.kind => Some(format!("is {}, was {}", later.kind, self.kind)),
            () if self.mode != later.mode => {
                Some(format!("has mode {:04o}, had {:04o}", later.mode, self.mode))
            }
            () if self.bytes != later.bytes => {
                Some(format!("holds {:?}, held {:?}", text(later), text(self)))
            }
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::harness::Home;

    #[test]
    fn every_difference_is_found() {
        let home = Home::new();
        for name in ["same", "bytes", "mode", "kind", "gone"] {
            home.put(&format!("dir/{name}"), name);
        }
        let before = Snapshot::of(&home.root());
        home.put("dir/bytes", "other");
        home.put("dir/new", "");
        fs::set_permissions(home.root().join("dir/mode"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::remove_file(home.root().join("dir/kind")).unwrap();
        symlink("x", home.root().join("dir/kind")).unwrap();
        fs::remove_file(home.root().join("dir/gone")).unwrap();
        let differences = before.differences(&Snapshot::of(&home.root()));
        let expected = [
            "dir/bytes: holds \"other\", held \"bytes\"",
            "dir/gone: is gone",
            "dir/kind: is a link, was a file",
            "dir/mode: has mode 0600, had 0644",
            "dir/new: is new",
        ];
        assert_eq!(differences, expected);
    }

    #[test]
    fn a_write_of_the_same_bytes_is_found() {
        let home = Home::new();
        home.put("file", "text");
        let before = Snapshot::of(&home.root());
        assert_eq!(before.writes(&Snapshot::of(&home.root())), [""; 0]);
        let file = fs::File::options().write(true).open(home.root().join("file")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
        let after = Snapshot::of(&home.root());
        assert_eq!(before.differences(&after), [""; 0]);
        assert_eq!(before.writes(&after), ["file: was written"]);
    }
}

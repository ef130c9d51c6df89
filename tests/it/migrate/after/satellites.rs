//! What lies beside records: logs, environments, pid files, the port registry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::snapshot::{Node, Snapshot};
use super::{After, expected, has_extension};

impl After<'_> {
    /// No log's bytes are lost, wherever they are now.
    pub(super) fn all_logs(&self) -> Vec<String> {
        let mut texts: BTreeMap<&[u8], usize> = BTreeMap::new();
        for (path, node) in self.snapshot.iter() {
            if !path.starts_with("tsm/runtime/migrate") {
                *texts.entry(&node.bytes).or_default() += 1;
            }
        }
        let logs = self.before().iter().filter(|(path, node)| node.is_file() && is_log(path));
        let mut lost = Vec::new();
        for (path, node) in logs {
            match texts.get_mut(node.bytes.as_slice()) {
                Some(count) if *count > 0 => *count -= 1,
                _ => lost.push(format!("{}: its bytes are nowhere", path.display())),
            }
        }
        lost
    }

    /// The environments that the bash tool wrote are nobody else's to read, and the same to the byte.
    pub(super) fn environments(&self) -> Vec<String> {
        let dirs = ["tsm/processes", "tsm/runtime/processes"].map(Path::new);
        let is_one = |path: &Path, node: &Node| {
            node.is_file() && has_extension(path, "env") && dirs.iter().any(|dir| path.parent() == Some(dir))
        };
        let all = self.before().iter().filter(|(path, node)| is_one(path, node));
        all.filter_map(|(path, node)| {
            let new = Path::new("tsm/runtime/processes").join(path.file_name().unwrap());
            let right =
                self.snapshot.get(&new).is_some_and(|now| now.bytes == node.bytes && now.mode == 0o600);
            (!right).then(|| format!("{}: is not {} with mode 0600", new.display(), path.display()))
        })
        .collect()
    }

    /// Names that something refused stands for.
    fn refused_names(&self) -> BTreeSet<String> {
        let refused = self.report.refused();
        let names = refused.iter().flat_map(|(path, _)| [path.file_stem(), path.file_name()]);
        names.flatten().map(|name| name.to_string_lossy().into_owned()).collect()
    }

    /// There is a pid file for what is online, and for what was refused; for nothing else.
    pub(super) fn pid_files(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut living = BTreeSet::new();
        for record in &self.records {
            let expected = expected(self.stage, record);
            if expected["status"] == "online" {
                let path = PathBuf::from(format!("tsm/runtime/pids/{}.pid", record.name()));
                let text = format!("{}\n", expected["pid"]);
                let right = self.snapshot.get(&path).is_some_and(|node| node.is_like(text.as_bytes(), 0o644));
                faults.extend((!right).then(|| format!("{}: is not {text:?}, 0644", path.display())));
                living.insert(path);
            }
        }
        let refused = self.refused_names();
        let is_known = |path: &Path| {
            living.contains(path)
                || path.file_stem().is_some_and(|name| refused.contains(&*name.to_string_lossy()))
        };
        let dirs = ["tsm/pids", "tsm/runtime/pids"].map(Path::new);
        let files =
            self.snapshot.iter().map(|(path, _)| path).filter(|path| dirs.contains(&path.parent().unwrap()));
        faults.extend(
            files.filter(|path| !is_known(path)).map(|path| format!("{}: is still there", path.display())),
        );
        faults
    }

    /// Of the port registry, the rows stay whose name has a record, or was refused one.
    pub(super) fn ledger(&self) -> Vec<String> {
        const PATH: &str = "tsm/runtime/ports/registry.tsv";
        let rows = |snapshot: &Snapshot| {
            let text = snapshot.get(PATH).map(|node| String::from_utf8_lossy(&node.bytes).into_owned());
            let rows = text.unwrap_or_default().lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
            rows.into_iter().filter(|row| row.split('\t').count() == 6).collect::<Vec<_>>()
        };
        let refused = self.refused_names();
        let is_known = |row: &String| {
            let name = row.split('\t').nth(1).unwrap();
            let record = format!("tsm/runtime/processes/{name}.json");
            let dir = format!("tsm/runtime/processes/{name}/meta.json");
            refused.contains(name) || self.snapshot.get(record).is_some() || self.snapshot.get(dir).is_some()
        };
        let expected: Vec<String> = rows(self.before()).into_iter().filter(is_known).collect();
        let found = rows(&self.snapshot);
        (found != expected).then(|| format!("{PATH}: rows {found:?}, not {expected:?}")).into_iter().collect()
    }
}

fn is_log(path: &Path) -> bool {
    let in_process = || {
        let names = ["current.out", "current.err", "wrapper.err", "index.log"];
        path.starts_with("tsm/runtime/processes") && names.iter().any(|name| path.ends_with(name))
    };
    let in_db =
        || path.starts_with("tsm/db") && ["stdout", "stderr"].iter().any(|name| has_extension(path, name));
    path.starts_with("tsm/logs") || path.starts_with("tsm/runtime/logs") || in_process() || in_db()
}

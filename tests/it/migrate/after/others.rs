//! What the fixture says of single paths, what is nobody's business of ours, and what the migration keeps for itself.

use std::path::Path;

use super::super::snapshot::Node;
use super::{After, has_extension};

impl After<'_> {
    /// Everything outside of `tsm/`.
    pub(super) fn what_is_not_ours(&self) -> Vec<String> {
        let is_theirs = |path: &Path| !path.starts_with("tsm");
        self.before().filtered(is_theirs).writes(&self.snapshot.filtered(is_theirs))
    }

    /// What the fixture says of single paths.
    pub(super) fn statements(&self) -> Vec<String> {
        let expect = &self.stage.fixture.expect;
        let at = |path: &Path, text: String| format!("{}: {text}", path.display());
        let mut faults = Vec::new();
        for path in &expect.untouched {
            assert!(
                self.before().get(path).is_some(),
                "{} is to stay untouched, and not there",
                path.display()
            );
            faults.extend(self.before().at(path).differences(&self.snapshot.at(path)));
        }
        for path in expect.absent.iter().filter(|path| self.snapshot.get(path).is_some()) {
            faults.push(at(path, "is there".to_owned()));
        }
        for (path, mode) in &expect.modes {
            let now = self.snapshot.get(path).map(|node| node.mode);
            faults.extend(
                (now != Some(*mode)).then(|| at(path, format!("mode is {}, not {mode:04o}", octal(now)))),
            );
        }
        for (path, text) in &expect.texts {
            let now = self.snapshot.get(path).map(|node| String::from_utf8_lossy(&node.bytes));
            let wrong = now.as_deref() != Some(text);
            faults.extend(wrong.then(|| at(path, format!("holds {now:?}, not {text:?}"))));
        }
        faults
    }

    /// What nobody may read is nowhere but where it was, and in the backup.
    pub(super) fn secrets(&self) -> Vec<String> {
        let tells = |path: &Path| {
            ["tsm/runtime/migrate", "tsm/db"].iter().any(|dir| path.starts_with(dir))
                && !has_extension(path, "tar")
        };
        let files = self.snapshot.iter().filter(|(path, _)| tells(path));
        let mut texts: Vec<(String, &[u8])> =
            files.map(|(path, node)| (path.display().to_string(), node.bytes.as_slice())).collect();
        texts.push(("stdout".to_owned(), &self.report.output.stdout));
        texts.push(("stderr".to_owned(), &self.report.output.stderr));
        let mut faults = Vec::new();
        for secret in &self.stage.fixture.expect.secrets {
            let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            let told = texts.iter().filter(|(_, bytes)| holds(bytes));
            faults.extend(told.map(|(place, _)| format!("{place}: tells {secret}")));
        }
        faults
    }

    /// There is a backup if there was anything to do, for the owner's eyes only; else there is nothing.
    pub(super) fn backup(&self) -> Vec<String> {
        let root = self.stage.root();
        let Some(backup) = self.report.backup() else {
            let made = self.snapshot.get("tsm/runtime/migrate").is_some();
            let missing = !self.report.converted().is_empty();
            return (made || missing).then(|| "no backup is named".to_owned()).into_iter().collect();
        };
        let backup = root.join(backup);
        let below = backup.strip_prefix(&root).unwrap_or(&backup);
        let mut faults = Vec::new();
        let dir =
            if self.snapshot.get(below).is_some_and(Node::is_dir) { below } else { below.parent().unwrap() };
        for (path, mode) in [(dir.to_owned(), 0o700), (dir.join("backup.tar"), 0o600)] {
            let now = self.snapshot.get(&path).map(|node| node.mode);
            let wrong = now != Some(mode);
            faults
                .extend(wrong.then(|| format!("{}: mode is {}, not {mode:04o}", path.display(), octal(now))));
        }
        if self.snapshot.get("tsm/runtime/migrate/state.json").is_none() {
            faults.push("tsm/runtime/migrate/state.json: is not there".to_owned());
        }
        faults
    }
}

fn octal(mode: Option<u32>) -> String {
    mode.map_or("none".to_owned(), |mode| format!("{mode:04o}"))
}

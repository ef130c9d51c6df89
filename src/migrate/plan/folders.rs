//! Directories in `runtime/processes`: what is in those of records, and those without one.

use std::ffi::OsStr;
use std::io;

use serde_json::Value;

use super::candidate::Candidate;
use super::draft::Draft;
use super::settle::Settled;
use crate::migrate::look::{Folder, Found, Origin, process_name};
use crate::migrate::verdict::Code;
use crate::sys::dir;
use crate::sys::facts::Kind;
use crate::sys::proc;

/// Files that go to the backup: the record, and what served it.
const SERVANTS: [&str; 6] =
    ["meta.json", "meta.json.tmp", "pid", "early_exit", "runtime.json", "keywords.txt"];

/// Those of them whose values go to `legacy`.
const WITH_VALUES: [(&str, &str); 3] =
    [("early_exit", "early_exit"), ("runtime.json", "runtime"), ("keywords.txt", "keywords")];

/// The longest of them that is taken over; a longer one is in the backup.
const LONGEST_VALUE: u64 = 1 << 16;

/// What stands in small files beside a record.
pub(super) fn values(winner: &Candidate<'_>, draft: &Draft<'_>) -> io::Result<Vec<(String, Value)>> {
    let Origin::Folder(folder) = &winner.found.origin else { return Ok(Vec::new()) };
    let mut values = Vec::new();
    for (file, member) in WITH_VALUES {
        if let Some(file) = folder.satellite(file).filter(|file| file.facts.size <= LONGEST_VALUE) {
            let value = draft.tree.read(&file.place, LONGEST_VALUE)?.and_then(|bytes| value(bytes));
            values.extend(value.map(|value| (member.to_owned(), value)));
        }
    }
    Ok(values)
}

/// JSON where it is some, else its text; none where it is empty.
fn value(bytes: Vec<u8>) -> Option<Value> {
    let text = String::from_utf8(bytes).ok()?;
    let value = serde_json::from_str(&text).unwrap_or_else(|_| text.trim_end().into());
    (value != "").then_some(value)
}

/// Plans the end of the directories.
pub(super) fn plan(settled: &Settled<'_>, draft: &mut Draft<'_>) -> io::Result<()> {
    for found in settled.converted() {
        if let Origin::Folder(folder) = &found.origin {
            empty(found, folder, draft);
        }
    }
    for stray in draft.look.strays.iter().filter(|stray| !stray.entries.is_empty()) {
        keep(stray, draft)?;
    }
    Ok(())
}

/// Its logs have a place already; what nobody knows stays, and the directory with it.
fn empty(found: &Found, folder: &Folder, draft: &mut Draft<'_>) {
    let own_pid_file = found.name.as_deref().map(|name| format!("{name}.pid")).unwrap_or_default();
    let is_servant =
        |name: &OsStr| SERVANTS.iter().any(|servant| name == *servant) || name == own_pid_file.as_str();
    for (name, facts) in folder.entries.iter().filter(|(name, _)| is_servant(name)) {
        if matches!(facts.kind, Kind::File | Kind::Link) {
            draft.retire(&folder.place.join(name), facts);
        }
    }
    if !draft.remove_dir(&folder.place, &folder.facts, folder.entries.keys().cloned()) {
        draft.report.keep(&folder.place, "holds other files");
    }
}

/// A start that failed, or was killed half way. Whatever it left is its user's.
fn keep(stray: &Folder, draft: &mut Draft<'_>) -> io::Result<()> {
    draft.report.keep(&stray.place, "no_record");
    if let Some(pid) = running(stray, draft)? {
        draft.report.warn(&stray.place, Code::UnrecordedProcess, pid.to_string());
    }
    Ok(())
}

/// The living process that its pid file names, if that writes to its log.
fn running(stray: &Folder, draft: &Draft<'_>) -> io::Result<Option<i32>> {
    let Some(name) = process_name(stray.place.name()) else { return Ok(None) };
    let file = stray.satellite("pid").or_else(|| stray.satellite(&format!("{name}.pid")));
    let (Some(file), Some(log)) = (file, stray.satellite("current.out")) else { return Ok(None) };
    let writes =
        |pid: &i32| dir::id(&proc::descriptor_path(*pid, 1)) == Some((log.facts.device, log.facts.inode));
    Ok(file.pid(draft.tree)?.filter(writes))
}

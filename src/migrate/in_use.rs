//! Directories of the later bash versions whose process, or its log reader, still writes to them by path. They stay as
//! they are until it has ended.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use super::run::{Request, run};
use crate::error::{Error, Result};
use crate::registry::{Record, Registry};
use crate::sys::atomic::{self, Keep};
use crate::sys::handle::Handle;

const RECORD: &str = "meta.json";
const MODE: u32 = 0o644;
const LARGEST: u64 = 1 << 20;

/// Writes into the old record that its process was stopped, as the bash tool does. The caller has the lock.
pub fn mark_stopped(record: &Record) -> Result<()> {
    let Some(dir) = record.process_dir().map(Path::new) else { return Ok(()) };
    let path = dir.join(RECORD);
    let members = read(dir).map_err(Error::file("read", &path))?;
    let Some(mut members) = members else { return Ok(()) };
    members.insert("status".into(), "stopped".into());
    let text = format!("{:#}\n", Value::Object(members));
    atomic::replace(&path, text.as_bytes(), MODE, Keep::Whole).map_err(Error::file("write", &path))
}

/// Converts what is no longer in use; what cannot be done now the next command does.
pub fn convert(registry: &Registry) {
    const PATIENCE: Duration = Duration::from_secs(5);
    let _ = run(Request { dry_run: false, patience: PATIENCE, anew: false }, registry, &mut |_, _| ());
}

fn read(dir: &Path) -> io::Result<Option<Map<String, Value>>> {
    let bytes = match Handle::open(dir).and_then(|dir| dir.read(OsStr::new(RECORD), LARGEST)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    Ok(serde_json::from_slice(&bytes).ok())
}

//! Environment files (`env/NAME.env`) made from `tetra.toml` or from a template. Nothing that is read here is executed.

mod generated;
mod references;
mod target;
mod tetra_toml;

pub use generated::{Generated, Note, Variable, generate};
pub use references::Kind;
pub use target::{DIR, Target, templates};

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use crate::error::{Error, Result};
use crate::sys::{atomic, regular};

/// Where environments are described, in the current directory.
pub const TETRA_TOML: &str = "tetra.toml";

/// Nobody else reads what may hold secrets.
const MODE: u32 = 0o600;

/// The bytes of a regular file; `None` when there is none of that name.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let contents = || -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = regular::open(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    contents().map_err(Error::file("read", path))
}

/// Makes the directory of all environment files.
pub fn make_dir() -> Result<()> {
    fs::create_dir_all(DIR).map_err(Error::file("create", Path::new(DIR)))
}

/// Writes an environment file, whole or not at all.
pub fn write(target: &Target, bytes: &[u8]) -> Result<()> {
    let path = target.file();
    atomic::replace_unlocked(&path, bytes, MODE).map_err(Error::file("write", &path))
}

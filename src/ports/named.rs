//! `$TETRA_DIR/config/ports.toml`: the named ports that all tetra modules share.

use std::fs;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::sys::atomic;

/// What the file holds at first, byte for byte: other modules compare it.
const DEFAULTS: &str = include_str!("ports.toml");

/// Makes the file unless there is one.
pub fn create(layout: &Layout) -> Result<()> {
    let path = layout.named_ports();
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(Error::file("create", dir))?;
    }
    atomic::create(&path, DEFAULTS.as_bytes(), 0o666).map_err(Error::file("create", &path))
}

//! Enabled services: links in `services-enabled`. Only a link's own name counts; it is never followed.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use super::EXTENSION;
use super::name;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::sys::dir;

/// Whether a service is enabled.
pub fn is_enabled(name: &str, layout: &Layout) -> bool {
    name::is_valid(name) && layout.enabled(name).is_symlink()
}

/// The enabled services, bytewise by file name; those whose definition is gone too. `None`: nothing was ever enabled here.
pub fn enabled(layout: &Layout) -> Result<Option<Vec<String>>> {
    let path = layout.services_enabled();
    if !path.is_dir() {
        return Ok(None);
    }
    let mut names = dir::stems(&path, EXTENSION).map_err(Error::file("read", &path))?;
    names.retain(|name| !name.starts_with('.') && is_enabled(name, layout));
    Ok(Some(names))
}

/// Enables a service. Returns whether it was not enabled before.
pub fn enable(name: &str, layout: &Layout) -> io::Result<bool> {
    fs::create_dir_all(layout.services_enabled())?;
    match symlink(format!("../services-available/{name}{EXTENSION}"), layout.enabled(name)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_enabled(name, layout) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Disables a service. Returns whether it was enabled.
pub fn disable(name: &str, layout: &Layout) -> io::Result<bool> {
    if !is_enabled(name, layout) {
        return Ok(false);
    }
    fs::remove_file(layout.enabled(name)).map(|()| true)
}

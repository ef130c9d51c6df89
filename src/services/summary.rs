//! The services in short.

use super::{Definition, Field, names};
use crate::error::Result;
use crate::layout::Layout;

/// Whether `startup` starts a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It does.
    Enabled,
    /// It does not.
    Disabled,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Whether it is enabled.
    pub mark: Mark,
    /// What it runs.
    pub command: String,
    /// Its port as it is written, perhaps empty.
    pub port: String,
}

/// Of a service; `None` when there is none of that name.
pub fn mark(name: &str, layout: &Layout) -> Option<Mark> {
    let is_link = layout.enabled_mark(name).symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    let is_there = super::is_visible_name(name) && !name.contains('/') && layout.service(name).is_file();
    is_there.then_some(if is_link { Mark::Enabled } else { Mark::Disabled })
}

/// Every service, bytewise by file name. `None`: there is no directory for them.
pub fn summaries(layout: &Layout) -> Result<Option<Vec<Summary>>> {
    if !layout.services_available().is_dir() {
        return Ok(None);
    }
    let summary = |name: String| {
        let definition = Definition::read(&name, layout);
        Some(Summary {
            mark: mark(&name, layout)?,
            command: definition.value(Field::Command).to_owned(),
            port: definition.value(Field::Port).to_owned(),
            name,
        })
    };
    Ok(Some(names(layout)?.into_iter().filter_map(summary).collect()))
}

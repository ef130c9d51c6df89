//! `set`, `remove`, `allocate`.

use super::super::{Context, Words};
use crate::error::{PortError, Result};
use crate::ports::{holders, named::Turn};

const DEFAULT_ENVIRONMENT: &str = "development";

pub(super) fn set(mut words: Words, turn: &Turn<'_>, cx: &mut Context) -> Result<()> {
    let (Some(name), Some(port)) = (words.shift(), words.shift()) else {
        return Err(PortError::Usage("Usage: tsm ports set <service> <port>").into());
    };
    if name.is_empty() || port.is_empty() {
        return Err(PortError::Usage("Usage: tsm_set_named_port <service> <port>").into());
    }
    let port = turn.set(&name, &port)?;
    cx.io.line(format_args!("Set {name} port to {port} (saved to config)"));
    Ok(())
}

pub(super) fn remove(mut words: Words, turn: &Turn<'_>, cx: &mut Context) -> Result<()> {
    let name = words.shift().ok_or(PortError::Usage("Usage: tsm ports remove <service>"))?;
    if name.is_empty() {
        return Err(PortError::Usage("Usage: tsm_remove_named_port <service>").into());
    }
    let port = turn.remove(&name)?;
    cx.io.line(format_args!("Removed {name} (was using port {port}, saved to config)"));
    Ok(())
}

pub(super) fn allocate(mut words: Words, turn: &Turn<'_>, cx: &mut Context) -> Result<()> {
    let usage = PortError::Usage("Usage: tsm ports allocate <service> [environment]");
    let name = words.shift().ok_or(usage)?;
    if name.is_empty() {
        return Err(PortError::Usage("Usage: tsm_allocate_port <service> [environment]").into());
    }
    let environment = words.shift().filter(|word| !word.is_empty());
    let environment = environment.as_deref().unwrap_or(DEFAULT_ENVIRONMENT);
    let port = turn.allocate(&name, environment, holders::taken)?;
    cx.io.line(format_args!("Set {name} port to {port} (saved to config)"));
    cx.io.line(format_args!("Allocated port {port} to {name}"));
    Ok(())
}

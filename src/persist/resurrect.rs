//! Starting what was saved.

use std::path::Path;

use serde_json::Value;

use super::Entry;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::lifecycle::{self, Audience, Name, Order, Reply};
use crate::registry::{Registry, Spec, is_valid_name};

/// Starts what does not run yet, and tells of each in the order of the list. Fails only as a whole.
pub fn resurrect(
    entries: &[Entry],
    config: &Config,
    registry: &Registry,
    mut tell: impl FnMut(&Entry, Reply),
) -> Result<()> {
    lifecycle::sweep(registry)?;
    let mut told = entries.iter().peekable();
    lifecycle::start_all(entries.iter().map(order).collect(), config, registry, |reply| {
        let is_over = !matches!(reply, Reply::Starting);
        if let Some(entry) = told.peek() {
            tell(entry, reply);
        }
        if is_over {
            told.next();
        }
    })
}

fn order(entry: &Entry) -> Order {
    let spec = spec(entry);
    let service = entry.members.get("service").and_then(Value::as_str);
    Order {
        reuses: spec.as_ref().is_ok_and(|spec| spec.port.is_none()),
        name: Name::Exact(entry.name.clone()),
        one_of: service.map(str::to_owned),
        id: entry.members.get("tsm_id").and_then(Value::as_i64),
        audience: Audience::Itself,
        spec,
    }
}

fn spec(entry: &Entry) -> Result<Spec> {
    let refuse = |reason: String| Error::StartFailed { name: entry.name.clone(), reason };
    if !is_valid_name(&entry.name) {
        return Err(refuse("invalid name".to_owned()));
    }
    let spec =
        Spec::from_members(&entry.name, &entry.members).map_err(|missing| refuse(missing.to_owned()))?;
    if !Path::new(&spec.cwd).is_dir() {
        return Err(refuse(format!("working directory not found: {}", spec.cwd)));
    }
    Ok(spec)
}

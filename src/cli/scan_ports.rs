//! `tsm scan-ports`: declared ports beside those that are listened on.

use super::{Context, Words};
use crate::config;
use crate::doctor::figures::UNKNOWN;
use crate::doctor::scan::{self, Row, Standing};
use crate::error::Result;

/// Below this many columns the table is narrow.
const NARROW: u16 = 60;

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("scan-ports").about("Show which ports are listened on, and which should be")
}

/// Ignores its words.
pub(super) fn run(_words: Words, cx: &mut Context) -> Result<u8> {
    let rows = scan::rows(&cx.registry)?;
    let (gap, heading) = match config::columns() < NARROW {
        true => (" ", [["PORT", "PID", "STATUS"], ["────", "───", "──────"]]),
        false => ("  ", [["Port", "Pid", "Status"], ["----", "---", "------"]]),
    };
    let line = |[port, pid, status]: [&str; 3]| {
        format!("{}{gap}{}{gap}{status}", super::padded(port, 6), super::padded(pid, 6))
    };
    heading.iter().for_each(|cells| cx.io.line(line(*cells)));
    for row in &rows {
        let pid = row.pid.map_or_else(|| UNKNOWN.to_owned(), |pid| pid.to_string());
        cx.io.line(line([&row.port.to_string(), &pid, &status(row)]));
    }
    Ok(0)
}

fn status(row: &Row) -> String {
    let name = row.name.as_deref().unwrap_or_default();
    match row.standing {
        Standing::Online => format!("Online (TSM: {name})"),
        Standing::Conflict => format!("CONFLICT (TSM: {name})"),
        Standing::Leaked => format!("LEAKED (TSM: {name})"),
        Standing::Silent => "ERROR (port not open)".to_owned(),
        Standing::Unmanaged => "Unmanaged".to_owned(),
    }
}

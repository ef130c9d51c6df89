//! `scan` and `overview`.

use std::collections::BTreeMap;

use super::super::services::show as services_listing;
use super::super::{Context, Io};
use crate::doctor::Owners;
use crate::doctor::figures::{Figure, UNKNOWN};
use crate::error::Result;
use crate::output::colour::Paint;
use crate::output::table::{Cell, Table};
use crate::ports::holders::Use;
use crate::ports::named::{NamedPorts, number};
use crate::services::{self, Definition};

const TITLES: [&str; 7] = ["SERVICE", "PORT", "STATUS", "ENABLED", "PID", "TSM_STATUS", "PROCESS"];
const NONE: &str = "-";

const LEGEND: &str = "
💡 Legend:
  🟢 FREE - Port available for use
  🔴 USED - Port currently in use
  ✅ YES - Service enabled for auto-start
  ⚪ NO  - Service disabled for auto-start
  🚀 RUNNING - Service currently managed by TSM
  ⏹️  STOPPED - Service not currently running in TSM";

pub(super) fn scan(named: &NamedPorts, cx: &mut Context) -> Result<()> {
    let owners = Owners::read(&cx.registry)?;
    let uses = owners.uses(|port| named.owner_of(port).is_some());
    let table = Table { widths: [15, 6, 10, 8, 10, 15, 20], is_coloured: false };
    cx.io.line("📋 Named Port Registry Status:\n");
    cx.io.painted_line(&table.heading(TITLES, TITLES.map(str::len)));
    let table = Table { is_coloured: Io::is_coloured(cx.config.colour), ..table };
    for (name, port) in named.services() {
        let row = Row::new(name, port, &uses, &owners, cx);
        cx.io.painted_line(&row.line(&table));
    }
    Ok(())
}

pub(super) fn overview(named: &NamedPorts, cx: &mut Context) -> Result<()> {
    cx.io.line("🔍 TSM Ports & Services Overview\n=================================\n");
    scan(named, cx)?;
    cx.io.line("\n📋 Service Configuration Summary:\n");
    services_listing(false, cx)?;
    cx.io.line(LEGEND);
    Ok(())
}

struct Row<'a> {
    name: &'a str,
    port: &'a str,
    is_used: bool,
    /// None: there is no such service.
    is_enabled: Option<bool>,
    pid: String,
    is_running: bool,
    process: String,
}

impl<'a> Row<'a> {
    fn new(name: &'a str, port: &'a str, uses: &BTreeMap<u16, Use>, owners: &Owners, cx: &Context) -> Self {
        let layout = &cx.config.layout;
        let used = number(port).and_then(|port| uses.get(&port));
        let figure = used.map(|used| Figure::of(used.pids.first().copied()));
        let service = Definition::read(name, layout);
        Self {
            name,
            port,
            is_used: used.is_some(),
            is_enabled: services::exists(name, layout).then(|| services::is_enabled(name, layout)),
            pid: figure.as_ref().map_or(NONE, |figure| figure.pid.as_str()).to_owned(),
            is_running: services::process_of(&service, owners.live()).is_some(),
            process: figure.map_or_else(|| NONE.to_owned(), |figure| figure.comm),
        }
    }

    fn line(&self, table: &Table<7>) -> String {
        let status = match self.is_used {
            true => Cell::painted("🔴 USED", Paint::Bad),
            false => Cell::painted("🟢 FREE", Paint::Good),
        };
        let mark = match self.is_enabled {
            Some(true) => "✅ YES",
            Some(false) => "⚪ NO",
            None => "❓ N/A",
        };
        let running = if self.is_running { "🚀 RUNNING" } else { "⏹️  STOPPED" };
        let process = if self.process.is_empty() { UNKNOWN } else { &self.process };
        let [name, port, pid] = [self.name, self.port, &self.pid].map(Cell::from);
        table.row([name, port, status, mark.into(), pid, running.into(), process.into()])
    }
}

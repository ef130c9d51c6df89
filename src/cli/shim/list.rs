//! `tetra_tsm_list`: every known process, in a table as wide as the terminal allows.

use super::super::list::file_name;
use super::{Context, Words};
use crate::config;
use crate::error::Result;
use crate::output::clean;
use crate::output::colour::Paint;
use crate::output::duration;
use crate::registry::Record;
use crate::sys::clock;

/// Below this many columns the table is narrow.
const NARROW: usize = 60;

const ONLINE: &str = "online";

pub(super) fn run(_words: Words, cx: &mut Context) -> Result<u8> {
    let (records, now) = (cx.registry.records()?, clock::epoch());
    if records.is_empty() {
        cx.io.line("No processes found");
        return Ok(0);
    }
    let rows: Vec<Row> = records.iter().map(|record| Row::of(record, now)).collect();
    let is_coloured = super::super::Io::is_coloured(cx.config.colour);
    let table = Table::fit(&rows, usize::from(config::columns()), is_coloured);
    table.heading().iter().for_each(|line| cx.io.painted_line(line));
    rows.iter().for_each(|row| cx.io.painted_line(&table.line(row)));
    Ok(0)
}

struct Row {
    id: String,
    name: String,
    env: String,
    pid: String,
    port: String,
    status: &'static str,
    uptime: String,
}

impl Row {
    fn of(record: &Record, now: i64) -> Self {
        let is_alive = record.is_alive();
        Self {
            id: record.tsm_id().to_string(),
            name: clean::line(record.name()).into_owned(),
            env: clean::line(file_name(record.env_file().unwrap_or_default())).into_owned(),
            pid: super::super::shown_pid(record),
            port: super::super::shown_port(record),
            status: if is_alive { ONLINE } else { record.status().name() },
            uptime: duration::uptime_in_hours(record.start_time().filter(|_| is_alive), now),
        }
    }
}

/// The widths that depend on what is shown, in characters.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    is_narrow: bool,
    name: usize,
    env: usize,
    pid: usize,
    is_coloured: bool,
}

impl Table {
    fn fit(rows: &[Row], columns: usize, is_coloured: bool) -> Self {
        let longest = |text: fn(&Row) -> &str, least: usize| {
            rows.iter().map(|row| text(row).chars().count()).max().unwrap_or(0).max(least)
        };
        let (name, pid) = (longest(|row| &row.name, 4), longest(|row| &row.pid, 4));
        let is_narrow = columns < NARROW;
        let (name, env) = if is_narrow {
            (name.min(columns.saturating_sub(37)).max(8), 8)
        } else {
            let env = longest(|row| &row.env, 3).min(12);
            (name.min(columns.saturating_sub(70 + env)).max(20), env)
        };
        Self { is_narrow, name, env, pid, is_coloured }
    }

    /// Titles, and a line of dashes. The colour ends with them: callers look for a digit at the start of a row.
    fn heading(&self) -> [String; 2] {
        let titles = match self.is_narrow {
            true => ["ID", "NAME", "ENV", "PID", "PORT", "STATUS", ""],
            false => ["ID", "Name", "Env", "PID", "Port", "Status", "Uptime"],
        };
        let widths = [2, self.name, self.env, self.pid, 4, 7, 8];
        let rules = widths.map(|width| "-".repeat(width));
        let rules = [0, 1, 2, 3, 4, 5, 6].map(|column: usize| rules.get(column).map_or("", String::as_str));
        [titles, rules].map(|cells| {
            let line = self.join(cells, |status| status);
            if self.is_coloured { Paint::Heading.wrap(line) } else { line }
        })
    }

    fn line(&self, row: &Row) -> String {
        let (name, env) = (shortened(&row.name, self.name), shortened(&row.env, self.env));
        let (port, status, uptime) = (cut(&row.port, 4), cut(row.status, 7), shortened(&row.uptime, 8));
        let cells = [&row.id, &name, &env, &row.pid, &port, &status, &uptime].map(String::as_str);
        let paint = if row.status == ONLINE { Paint::Good } else { Paint::Faint };
        self.join(cells, |status| if self.is_coloured { paint.wrap(status) } else { status })
    }

    fn join(&self, cells: [&str; 7], paint: impl Fn(String) -> String) -> String {
        let [id, name, env, pid, port, status, uptime] = cells;
        let before = [(id, 2), (name, self.name), (env, self.env), (pid, self.pid), (port, 4)];
        let mut cells: Vec<String> = before.map(|(text, width)| padded(text, width)).into();
        cells.push(paint(padded(status, 7)));
        if !self.is_narrow {
            cells.push(padded(uptime, 8));
        }
        cells.join("  ")
    }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}

fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() > width {
        format!("{}...", cut(text, width.saturating_sub(3)))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, env: &str, pid: &str) -> Row {
        let [name, env, pid] = [name, env, pid].map(str::to_owned);
        Row { id: "0".into(), name, env, pid, port: "20001".into(), status: "crashed", uptime: "-".into() }
    }

    fn shown(rows: &[Row], columns: usize) -> String {
        let table = Table::fit(rows, columns, false);
        let [titles, rules] = table.heading();
        let rows = rows.iter().map(|row| table.line(row));
        [titles, rules].into_iter().chain(rows).map(|line| format!("{line}|\n")).collect()
    }

    #[test]
    fn columns_are_as_wide_as_the_longest_within_bounds() {
        insta::assert_snapshot!(shown(&[row("web-8000", "dev.env", "123456")], 80), @r"
        ID  Name                  Env      PID     Port  Status   Uptime  |
        --  --------------------  -------  ------  ----  -------  --------|
        0   web-8000              dev.env  123456  2000  crashed  -       |
        ");
        insta::assert_snapshot!(shown(&[row("a-name-that-is-quite-long-8000", "an-environment.env", "7")], 99), @r"
        ID  Name                  Env           PID   Port  Status   Uptime  |
        --  --------------------  ------------  ----  ----  -------  --------|
        0   a-name-that-is-qu...  an-enviro...  7     2000  crashed  -       |
        ");
        insta::assert_snapshot!(shown(&[row("a-name-that-is-quite-long-8000", "an-environment.env", "7")], 50), @r"
        ID  NAME           ENV       PID   PORT  STATUS |
        --  -------------  --------  ----  ----  -------|
        0   a-name-tha...  an-en...  7     2000  crashed|
        ");
    }

    #[test]
    fn colours_are_closed_where_they_are_opened() {
        let rows = [row("web", "-", "7")];
        let table = Table::fit(&rows, 80, true);
        assert!(
            table.heading().iter().all(|line| line.starts_with("\x1b[38;5;37m") && line.ends_with("\x1b[0m"))
        );
        assert!(table.line(&rows[0]).ends_with("\x1b[38;5;244mcrashed\x1b[0m  -       "));
    }
}

//! `tsm list` or `tsm ls`: what runs, or every service. Changes no record; a process whose supervisor was killed gets another.

use serde_json::{Value, json};

use super::{Context, Words};
use crate::error::Result;
use crate::lifecycle;
use crate::output::colour::Paint;
use crate::output::duration::uptime;
use crate::output::table::{Cell, Table};
use crate::registry::Record;
use crate::services::{self, Definition, Field};
use crate::sys::clock;

const USAGE: &str = "Usage: tsm list [running|available|all]";
const HELP: [&str; 5] = [
    "",
    "Options:",
    "  running    - Show only running services (default)",
    "  available  - Show all available services",
    "  all        - Show all services (same as available)",
];
const NOTHING_RUNS: &str = "No running services found.\nStart services with: tsm start <service-name>";
const ONLINE: &str = "online";
const STOPPED: &str = "stopped";
const NONE: &str = "-";

/// The spelling whose JSON is a bare array.
const SHORT_NAME: &str = "ls";

pub(super) fn catalog() -> clap::Command {
    let flag = |name, help| clap::Arg::new(name).long(name).action(clap::ArgAction::SetTrue).help(help);
    clap::Command::new("list")
        .about("Show what is running, or every service")
        .override_usage("tsm list [running|available|all]\n       tsm list --json [--all]")
        .arg(
            clap::Arg::new("what")
                .value_name("running|available|all")
                .help("Live processes (default), or all services ('available' and 'all' are the same)"),
        )
        .arg(flag("json", "Print JSON: an object as 'list', a bare array as 'ls'"))
        .arg(flag("all", "With --json: processes that have ended, too").short('a'))
}

/// What the words ask for.
#[derive(Debug, PartialEq, Eq)]
enum View {
    Running,
    Services,
    Json { dead_too: bool },
    Help,
    Unknown(String),
}

/// Whatever is asked, the exit code is 0.
pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    match parse(words) {
        View::Running => show(&running(cx)?, NOTHING_RUNS, cx),
        View::Services => {
            let dir = cx.config.layout.services_available();
            show(
                &available(cx)?,
                &format!("No services available. Create services in {}", dir.display()),
                cx,
            );
        }
        View::Json { dead_too } => print_json(dead_too, cx)?,
        View::Help => {
            cx.io.line(USAGE);
            HELP.iter().for_each(|line| cx.io.line(line));
        }
        View::Unknown(word) => {
            cx.io.line(format_args!("❌ Unknown option: {word}"));
            cx.io.line(USAGE);
        }
    }
    Ok(0)
}

/// Only the first word counts, unless all of them are about JSON.
fn parse(mut words: Words) -> View {
    let words: Vec<String> = std::iter::from_fn(|| words.shift()).collect();
    let is_all = |word: &String| word == "-a" || word == "--all";
    let is_json = |word: &String| word == "--json";
    if words.iter().any(is_json) && words.iter().all(|word| is_json(word) || is_all(word)) {
        return View::Json { dead_too: words.iter().any(is_all) };
    }
    match words.first().map_or("", String::as_str) {
        "" | "running" => View::Running,
        "available" | "all" => View::Services,
        "help" => View::Help,
        word => View::Unknown(word.to_owned()),
    }
}

struct Row {
    id: String,
    name: String,
    env: String,
    pid: String,
    port: String,
    is_online: bool,
    uptime: String,
}

/// The table; `otherwise` is said when it has no rows.
fn show(rows: &[Row], otherwise: &str, cx: &mut Context) {
    let (heading, lines) = table(rows, cx);
    cx.io.painted_line(&heading);
    lines.iter().for_each(|line| cx.io.painted_line(line));
    if rows.is_empty() {
        cx.io.line(format_args!("\n{otherwise}"));
    }
}

/// The two lines of the heading, and a line for each row.
fn table(rows: &[Row], cx: &Context) -> (String, Vec<String>) {
    let is_coloured = super::Io::is_coloured(cx.config.colour);
    let table = Table { widths: [3, 20, 10, 5, 5, 8, 8], is_coloured };
    let titles = ["ID", "Name", "Env", "PID", "Port", "Status", "Uptime"];
    let heading = table.heading(titles, [2, 20, 10, 5, 5, 8, 8]);
    (heading, rows.iter().map(|row| row.line(&table)).collect())
}

/// The whole table of what runs, in at most so many lines.
pub(super) fn show_beginning(live: &[Record], lines: usize, cx: &mut Context) {
    let now = clock::epoch();
    let rows: Vec<Row> = live.iter().map(|record| Row::of_process(record, now)).collect();
    let (heading, rows) = table(&rows, cx);
    heading
        .lines()
        .chain(rows.iter().map(String::as_str))
        .take(lines)
        .for_each(|line| cx.io.painted_line(line));
}

impl Row {
    fn of_process(record: &Record, now: i64) -> Self {
        Self {
            id: record.tsm_id().to_string(),
            name: record.name().to_owned(),
            env: file_name(record.env_file().unwrap_or_default()).to_owned(),
            pid: number(record.pid(), NONE),
            port: number(record.port(), NONE),
            is_online: true,
            uptime: uptime(record.start_time(), now),
        }
    }

    fn of_service(number: usize, service: &Definition, process: Option<&Record>, now: i64) -> Self {
        let text = |text: &str| if text.is_empty() { NONE.to_owned() } else { text.to_owned() };
        Self {
            id: number.to_string(),
            name: service.name().to_owned(),
            env: file_name(service.value(Field::EnvFile)).to_owned(),
            pid: self::number(process.and_then(Record::pid), NONE),
            port: text(service.value(Field::Port)),
            is_online: process.is_some(),
            uptime: uptime(process.and_then(Record::start_time), now),
        }
    }

    fn line(&self, table: &Table<7>) -> String {
        let status = match self.is_online {
            true => Cell::painted(ONLINE, Paint::Good),
            false => Cell::painted(STOPPED, Paint::Faint),
        };
        let [id, name, env] = [&self.id, &self.name, &self.env].map(|text| Cell::from(text.as_str()));
        let [pid, port, uptime] = [&self.pid, &self.port, &self.uptime].map(|text| text.as_str().into());
        table.row([id, name, env, pid, port, status, uptime])
    }
}

fn running(cx: &Context) -> Result<Vec<Row>> {
    let now = clock::epoch();
    let mut records = cx.registry.records()?;
    records.retain(Record::is_alive);
    lifecycle::adopt_orphaned(&records, &cx.config.layout);
    Ok(records.iter().map(|record| Row::of_process(record, now)).collect())
}

fn available(cx: &Context) -> Result<Vec<Row>> {
    let (now, layout) = (clock::epoch(), &cx.config.layout);
    let mut live = cx.registry.records()?;
    live.retain(Record::is_alive);
    let row = |(number, name): (usize, &String)| {
        let service = Definition::read(name, layout);
        Row::of_service(number, &service, services::process_of(&service, &live), now)
    };
    Ok(services::names(layout)?.iter().enumerate().map(row).collect())
}

/// One shape per spelling: callers of either exist.
fn print_json(dead_too: bool, cx: &mut Context) -> Result<()> {
    let now = clock::epoch();
    let records: Vec<(Record, bool)> = cx.registry.records()?.into_iter().map(with_life).collect();
    let alive = records.iter().filter(|(_, alive)| *alive).map(|(record, _)| record);
    lifecycle::adopt_orphaned(alive, &cx.config.layout);
    let shown =
        records.iter().filter(|(_, alive)| *alive || dead_too).map(|(record, alive)| (record, *alive));
    let document: Value = if cx.called == SHORT_NAME {
        shown.map(|(record, alive)| short_entry(record, alive, now)).collect()
    } else {
        let processes: Vec<Value> = shown.map(|(record, alive)| entry(record, alive, now)).collect();
        let count = processes.len();
        json!({ "success": true, "data": { "processes": processes, "count": count } })
    };
    cx.io.line(document);
    Ok(())
}

/// A record, and whether its process runs.
fn with_life(record: Record) -> (Record, bool) {
    let is_alive = record.is_alive();
    (record, is_alive)
}

fn entry(record: &Record, is_alive: bool, now: i64) -> Value {
    json!({
        "tsm_id": record.tsm_id().to_string(),
        "name": record.name(),
        "pid": number(record.pid(), NONE),
        "command": record.command().unwrap_or_default(),
        "port": number(record.port(), "none"),
        "status": status(record, is_alive),
        "uptime": uptime(record.start_time().filter(|_| is_alive), now),
        "cwd": record.cwd().unwrap_or_default(),
        "env_file": record.env_file().unwrap_or_default(),
    })
}

fn short_entry(record: &Record, is_alive: bool, now: i64) -> Value {
    json!({
        "id": record.tsm_id().to_string(),
        "name": record.name(),
        "pid": number(record.pid(), NONE),
        "port": number(record.port(), "none"),
        "status": status(record, is_alive),
        "uptime": uptime(record.start_time().filter(|_| is_alive), now),
    })
}

fn status(record: &Record, is_alive: bool) -> &'static str {
    if is_alive { ONLINE } else { record.status().name() }
}

fn number(number: Option<impl ToString>, otherwise: &str) -> String {
    number.map_or_else(|| otherwise.to_owned(), |number| number.to_string())
}

/// What follows the last slash, as basename(1) has it; a dash for nothing.
pub(super) fn file_name(path: &str) -> &str {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    match (name, path) {
        ("", "") => NONE,
        ("", _) => "/",
        (name, _) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> View {
        parse(Words::new(words.iter().map(Into::into)))
    }

    #[test]
    fn only_the_first_word_counts() {
        for running in [&[][..], &[""], &["running", "frob"], &["", "all"], &["running", "--json"]] {
            assert_eq!(parsed(running), View::Running, "{running:?}");
        }
        assert_eq!(parsed(&["all", "x"]), View::Services);
        assert_eq!(parsed(&["available"]), View::Services);
        assert_eq!(parsed(&["help"]), View::Help);
        assert_eq!(parsed(&["--help"]), View::Unknown("--help".into()));
    }

    #[test]
    fn json_is_asked_for_by_nothing_but_its_own_words() {
        assert_eq!(parsed(&["--json"]), View::Json { dead_too: false });
        assert_eq!(parsed(&["-a", "--json"]), View::Json { dead_too: true });
        assert_eq!(parsed(&["--json", "--all"]), View::Json { dead_too: true });
        assert_eq!(parsed(&["-a"]), View::Unknown("-a".into()));
        assert_eq!(parsed(&["--json", "web"]), View::Unknown("--json".into()));
    }

    #[test]
    fn an_env_file_is_shown_without_its_directories() {
        assert_eq!(
            ["env/dev.env", "dev.env", "a/b/", "", "/"].map(file_name),
            ["dev.env", "dev.env", "b", "-", "/"]
        );
    }

    #[test]
    fn the_two_spellings_have_the_members_of_their_callers() {
        let text = r#"{"tsm_id":4,"pid":70,"status":"crashed","start_time":1,"env_file":null}"#;
        let record = Record::parse("web", text.as_bytes()).unwrap();
        insta::assert_snapshot!(entry(&record, false, 100), @r#"{"tsm_id":"4","name":"web","pid":"70","command":"","port":"none","status":"crashed","uptime":"-","cwd":"","env_file":""}"#);
        insta::assert_snapshot!(short_entry(&record, true, 100), @r#"{"id":"4","name":"web","pid":"70","port":"none","status":"online","uptime":"1m"}"#);
    }
}

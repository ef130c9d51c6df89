//! `tsm info TARGET [--json]`: everything that is known of a process.

use serde_json::Value;

use super::{Context, Words, usage};
use crate::error::Result;
use crate::layout::{Layout, Stream};
use crate::output::duration::{self, uptime_in_hours};
use crate::ports::holders::{self, Holding};
use crate::registry::{self, Record, Status};
use crate::sys::clock;
use crate::sys::host::{self, Usage};
use crate::sys::proc::Stat;

const USAGE: &str = "tsm: info <process|id>";
const RULE: &str = "─────────";
const UNKNOWN: &str = "unknown";
const NONE: &str = "none";

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("info")
        .about("Show everything that is known of a process")
        .override_usage("tsm info <process|id> [--json]")
        .arg(super::target())
        .arg(
            clap::Arg::new("json")
                .long("json")
                .action(clap::ArgAction::SetTrue)
                .help("Print the record as JSON, with the members alive, cpu and mem"),
        )
}

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let (target, as_json) = parse(words);
    let target = target.filter(|word| !word.is_empty()).ok_or_else(|| usage(USAGE))?;
    let record = registry::resolve(&target, &cx.registry)?;
    if as_json {
        cx.io.line(json(&record));
    } else {
        Page::new(&record).lines(&record, &cx.config.layout).iter().for_each(|line| cx.io.line(line));
    }
    Ok(0)
}

/// The first word that is not `--json`, and whether that one is there.
fn parse(mut words: Words) -> (Option<String>, bool) {
    let words: Vec<String> = std::iter::from_fn(|| words.shift()).collect();
    let is_json = |word: &String| word == "--json";
    let as_json = words.iter().any(is_json);
    (words.into_iter().find(|word| !is_json(word)), as_json)
}

fn json(record: &Record) -> Value {
    let stat = record.identity().and_then(|identity| identity.stat());
    let mut document = record.to_value();
    if let Value::Object(members) = &mut document {
        let tenths = |percent: f64| (percent * 10.0).round() / 10.0;
        members.insert("alive".to_owned(), record.is_alive().into());
        members.insert("cpu".to_owned(), stat.as_ref().map(|stat| tenths(stat.cpu_percent())).into());
        members.insert("mem".to_owned(), stat.as_ref().map(Stat::resident_kib).into());
    }
    document
}

/// What the report shows beside the record.
struct Page {
    is_alive: bool,
    now: i64,
    usage: Option<Usage>,
    holdings: Vec<Holding>,
}

impl Page {
    fn new(record: &Record) -> Self {
        Self {
            is_alive: record.is_alive(),
            now: clock::epoch(),
            usage: host::usage(),
            holdings: record.port().map(holders::of_port).unwrap_or_default(),
        }
    }

    fn lines(&self, record: &Record, layout: &Layout) -> Vec<String> {
        let port = record.port().map_or_else(|| NONE.to_owned(), |port| port.to_string());
        let mut lines = vec![title(&format!("Process Info: {} (id: {})", record.name(), record.tsm_id()))];
        lines.extend(self.state(record, &port));
        lines.extend([String::new(), title("Working Dirs")]);
        lines.push(member("CWD@start", text(record.cwd(), UNKNOWN)));
        lines.push(member("Start Dir", text(record.start_dir(), UNKNOWN)));
        lines.extend([String::new(), title("Paths")]);
        lines.extend(paths(record, layout));
        lines.extend([String::new(), title(&format!("Port Status ({port})"))]);
        lines.extend(self.holdings.iter().map(listener_line));
        lines
    }

    fn state(&self, record: &Record, port: &str) -> [String; 7] {
        let pid = record.pid().map_or_else(|| duration::UNKNOWN.to_owned(), |pid| pid.to_string());
        let start = record.start_time().filter(|_| self.is_alive);
        [
            member("Status", &self.status(record)),
            member("PID", &pid),
            member("Uptime", &uptime_in_hours(start, self.now)),
            member("Port", port),
            member("Script", text(record.command(), UNKNOWN)),
            member("Env File", text(record.env_file(), NONE)),
            member("Resources", &resources(self.usage.as_ref())),
        ]
    }

    fn status(&self, record: &Record) -> String {
        match (self.is_alive, record.status()) {
            (true, Status::Stopping) => Status::Stopping.name().to_owned(),
            (true, _) => Status::Online.name().to_owned(),
            (false, Status::Stopped | Status::Stopping) => Status::Stopped.name().to_owned(),
            (false, _) => match (record.exit_code(), record.signal()) {
                (Some(code), _) => format!("crashed (exit code {code})"),
                (None, Some(signal)) => format!("crashed (signal {signal})"),
                (None, None) => Status::Crashed.name().to_owned(),
            },
        }
    }
}

fn title(text: &str) -> String {
    format!("{RULE} {text} {RULE}")
}

fn member(label: &str, value: &str) -> String {
    format!("{label:>12}: {value}")
}

fn text<'a>(text: Option<&'a str>, otherwise: &'static str) -> &'a str {
    text.filter(|text| !text.is_empty()).unwrap_or(otherwise)
}

fn resources(usage: Option<&Usage>) -> String {
    let Some(Usage { cpu_percent, memory, swap }) = usage else {
        return "CPU: -/100, MEM: -/-, SWAP: -/-".to_owned();
    };
    format!("CPU: {cpu_percent}/100, MEM: {}/{}, SWAP: {}/{}", memory.0, memory.1, swap.0, swap.1)
}

fn paths(record: &Record, layout: &Layout) -> [String; 5] {
    let name = record.name();
    [
        member("Meta", &layout.record(name).to_string_lossy()),
        member("PID File", &layout.pid_file(name).to_string_lossy()),
        member("Env", &layout.env_dump(name).to_string_lossy()),
        member("Out Log", &record.log(Stream::Out, layout)),
        member("Err Log", &record.log(Stream::Err, layout)),
    ]
}

/// As lsof(8) prints it: `COMMAND PID USER FD TYPE DEVICE SIZE/OFF NODE NAME`.
fn listener_line(holding: &Holding) -> String {
    let listener = &holding.listener;
    let (kind, host) = match listener.address {
        address if address.is_unspecified() => (family(address.is_ipv6()), "*".to_owned()),
        address if address.is_ipv6() => (family(true), format!("[{address}]")),
        address => (family(false), address.to_string()),
    };
    let holder = match &holding.holder {
        Some(holder) => {
            let command = one_word(&holder.command);
            format!("{command} {} {} {}u", holder.pid, one_word(&holder.user), holder.descriptor)
        }
        None => "- - - -".to_owned(),
    };
    format!("{holder} {kind} {} 0t0 TCP {host}:{} (LISTEN)", listener.inode, listener.port)
}

fn family(is_ipv6: bool) -> &'static str {
    if is_ipv6 { "IPv6" } else { "IPv4" }
}

/// Blanks and control characters in lsof's way.
fn one_word(text: &str) -> String {
    let escaped = |character: char| match character {
        ' ' | '\0'..'\x20' | '\x7f' => format!("\\x{:02x}", u32::from(character)),
        character => character.to_string(),
    };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::holders::Holder;
    use crate::sys::socket::Listener;
    use std::path::Path;

    fn page(is_alive: bool) -> Page {
        let usage = Usage { cpu_percent: 7, memory: (100, 2000), swap: (0, 0) };
        Page { is_alive, now: 200_000, usage: Some(usage), holdings: Vec::new() }
    }

    fn record(more: &str) -> Record {
        let text = format!(r#"{{"tsm_id":3,"pid":70,"start_time":0,"status":"online"{more}}}"#);
        Record::parse("web", text.as_bytes()).unwrap()
    }

    fn holding(address: &str, holder: Option<Holder>) -> Holding {
        let listener = Listener { address: address.parse().unwrap(), port: 8080, inode: 99, user: 0 };
        Holding { listener, holder }
    }

    #[test]
    fn the_report_has_four_sections() {
        let layout = Layout::new(Path::new("/t")).unwrap();
        let holder = Holder { pid: 70, descriptor: 3, command: "a web server".into(), user: "daemon".into() };
        let holdings = vec![
            holding("0.0.0.0", Some(holder.clone())),
            holding("::1", Some(holder)),
            holding("127.0.0.1", None),
        ];
        let page = Page { holdings, ..page(true) };
        let record = record(r#","port":8080,"command":"x y","legacy":{"start_dir":"/old"}"#);
        insta::assert_snapshot!(page.lines(&record, &layout).join("\n"), @r"
        ───────── Process Info: web (id: 3) ─────────
              Status: online
                 PID: 70
              Uptime: 55h
                Port: 8080
              Script: x y
            Env File: none
           Resources: CPU: 7/100, MEM: 100/2000, SWAP: 0/0

        ───────── Working Dirs ─────────
           CWD@start: unknown
           Start Dir: /old

        ───────── Paths ─────────
                Meta: /t/tsm/runtime/processes/web.json
            PID File: /t/tsm/runtime/pids/web.pid
                 Env: /t/tsm/runtime/processes/web.env
             Out Log: /t/tsm/runtime/logs/web/current.out
             Err Log: /t/tsm/runtime/logs/web/current.err

        ───────── Port Status (8080) ─────────
        a\x20web\x20server 70 daemon 3u IPv4 99 0t0 TCP *:8080 (LISTEN)
        a\x20web\x20server 70 daemon 3u IPv6 99 0t0 TCP [::1]:8080 (LISTEN)
        - - - - IPv4 99 0t0 TCP 127.0.0.1:8080 (LISTEN)
        ");
    }

    #[test]
    fn the_status_is_what_is_true_now() {
        let status = |is_alive, more: &str| page(is_alive).status(&record(more));
        assert_eq!(status(true, ""), "online");
        assert_eq!(status(true, r#","status":"stopping""#), "stopping");
        assert_eq!(status(true, r#","status":"crashed""#), "online");
        assert_eq!(status(false, ""), "crashed");
        assert_eq!(status(false, r#","status":"stopping""#), "stopped");
        assert_eq!(status(false, r#","status":"stopped","exit_code":0"#), "stopped");
        assert_eq!(status(false, r#","status":"crashed","exit_code":3"#), "crashed (exit code 3)");
        let killed = r#","status":"crashed","exit_code":null,"signal":"SIGKILL""#;
        assert_eq!(status(false, killed), "crashed (signal SIGKILL)");
    }

    #[test]
    fn json_may_stand_anywhere() {
        let parsed = |words: &[&str]| parse(Words::new(words.iter().map(Into::into)));
        assert_eq!(parsed(&["--json", "web", "x"]), (Some("web".into()), true));
        assert_eq!(parsed(&["web", "x", "--json"]), (Some("web".into()), true));
        assert_eq!(parsed(&["--json"]), (None, true));
    }

    #[test]
    fn a_dead_process_uses_nothing() {
        let document = json(&record(r#","stack":["x"],"proc":{"start_ticks":1,"boot_id":"gone"}"#));
        insta::assert_snapshot!(document, @r#"{"tsm_id":3,"name":"web","pid":70,"start_time":0,"status":"online","proc":{"start_ticks":1,"boot_id":"gone"},"stack":["x"],"alive":false,"cpu":null,"mem":null}"#);
    }
}

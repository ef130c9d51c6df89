//! `orphans [--json] [--all]`: servers that nobody manages.

use serde_json::Value;

use super::super::{Context, Words, padded};
use crate::doctor::orphans::{self, Orphan};
use crate::error::Result;

const NOBODY: &str = "No potentially orphaned processes found";

const ADVICE: &str = "
These processes might be orphaned TSM processes
Actions you can take:
  tsm doctor kill <port>     # Kill process using specific port
  kill <pid>                 # Kill specific process
  tsm adopt <pid>           # Take ownership of process (future feature)
";

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let as_json = std::iter::from_fn(|| words.shift()).any(|word| word == "--json");
    let found = orphans::find(&cx.registry)?;
    match as_json {
        true => cx.io.line(json(&found)),
        false => table(&found, cx),
    }
    Ok(0)
}

fn table(found: &[Orphan], cx: &mut Context) {
    cx.io.line("[DOCTOR] Scanning for potentially orphaned TSM processes...\n");
    if found.is_empty() {
        cx.io.line(NOBODY);
        return;
    }
    let row = |[pid, kind, ports, command]: [&str; 4]| {
        format!("{} {} {} {command}", padded(pid, 8), padded(kind, 10), padded(ports, 8))
    };
    cx.io.line(row(["PID", "TYPE", "PORTS", "COMMAND"]));
    cx.io.line(row(["---", "----", "-----", "-------"]));
    for orphan in found {
        let ports = ports(orphan);
        let ports = if ports.is_empty() { "-" } else { &ports };
        let command = super::one_line(orphan.command.as_bytes());
        cx.io.line(row([&orphan.pid.to_string(), orphan.kind, ports, &command]));
    }
    cx.io.line(ADVICE);
}

fn ports(orphan: &Orphan) -> String {
    orphan.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",")
}

/// In the lines that callers of the bash tool have seen; a process a line.
fn json(found: &[Orphan]) -> String {
    if found.is_empty() {
        return format!(
            "{{\n  \"success\": true,\n  \"message\": \"{NOBODY}\",\n  \"data\": {{\"orphans\": [], \"count\": 0}}\n}}"
        );
    }
    let entry = |orphan: &Orphan| {
        let Orphan { pid, kind, command, .. } = orphan;
        let (ports, command) = (ports(orphan), Value::from(command.as_str()));
        format!(r#"      {{"pid": "{pid}", "type": "{kind}", "ports": "{ports}", "command": {command}}}"#)
    };
    let entries: Vec<String> = found.iter().map(entry).collect();
    let (entries, count) = (entries.join(",\n"), found.len());
    format!(
        "{{\n  \"success\": true,\n  \"data\": {{\n    \"orphans\": [\n{entries}\n    ],\n    \"count\": {count}\n  }}\n}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_whole_with_and_without_orphans() {
        let orphan = |pid, ports: &[u16], command: &str| Orphan {
            pid,
            kind: "node",
            ports: ports.into(),
            command: command.into(),
        };
        let found = [orphan(7, &[80, 81], "node \"server\"\t"), orphan(8, &[], "npm start")];
        let document: Value = serde_json::from_str(&json(&found)).unwrap();
        assert_eq!(document["data"]["orphans"][0]["command"], "node \"server\"\t");
        assert_eq!(document["data"]["orphans"][1]["ports"], "");
        insta::assert_snapshot!(json(&found), @r#"
        {
          "success": true,
          "data": {
            "orphans": [
              {"pid": "7", "type": "node", "ports": "80,81", "command": "node \"server\"\t"},
              {"pid": "8", "type": "node", "ports": "", "command": "npm start"}
            ],
            "count": 2
          }
        }
        "#);
        insta::assert_snapshot!(json(&[]), @r#"
        {
          "success": true,
          "message": "No potentially orphaned processes found",
          "data": {"orphans": [], "count": 0}
        }
        "#);
    }
}

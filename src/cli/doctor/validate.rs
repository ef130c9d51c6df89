//! `validate [COMMAND…] [--port P] [--env FILE] [--json]`: what a start would meet.

use serde_json::Value;

use super::super::{Context, Words, usage};
use crate::doctor::figures::Figure;
use crate::doctor::preflight::{self, EnvState, Intent, PortState, Report};
use crate::error::Result;
use crate::output::{excerpt, size};

/// How much of a command line is shown.
const SHOWN: usize = 60;

/// Below these only root may listen.
const PRIVILEGED: u16 = 1024;

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let (intent, as_json) = parse(words)?;
    let lines = Lines::new(&preflight::check(&intent, &cx.config, &cx.registry)?, &intent);
    match as_json {
        true => cx.io.line(lines.json()),
        false => cx.io.part(lines.text()),
    }
    Ok(u8::from(!lines.errors.is_empty()))
}

/// Words that are no options are joined to the command.
fn parse(mut words: Words) -> Result<(Intent, bool)> {
    let (mut intent, mut as_json, mut command) = (Intent::default(), false, Vec::new());
    while let Some(word) = words.shift() {
        let mut value =
            || words.shift().ok_or_else(|| usage(format!("tsm: option '{word}' requires a value")));
        match word.as_str() {
            "--port" => intent.port = value()?,
            "--env" => intent.env_file = value()?,
            "--json" => as_json = true,
            _ => command.push(word),
        }
    }
    intent.command = command.join(" ");
    Ok((intent, as_json))
}

/// What is said, by how bad it is.
#[derive(Default)]
struct Lines {
    errors: Vec<String>,
    warnings: Vec<String>,
    info: Vec<String>,
}

impl Lines {
    fn new(report: &Report, intent: &Intent) -> Self {
        let mut lines = Self::default();
        match &report.program {
            None => lines.errors.push("No command specified".to_owned()),
            Some((word, true)) => lines.info.push(format!("Command executable found: {word}")),
            Some((word, false)) => lines.errors.push(format!("Command not found: {word}")),
        }
        if let Some(state) = &report.port {
            lines.port(state, &intent.port);
        }
        if let Some(state) = report.env_file {
            lines.env_file(state, &intent.env_file);
        }
        lines.info.extend(report.space.map(|bytes| format!("Available disk space: {}", size::human(bytes))));
        lines
    }

    fn port(&mut self, state: &PortState, text: &str) {
        match &state.used {
            None => self.info.push(format!("Port {text} is available")),
            Some(used) => {
                let Figure { pid, args, .. } = Figure::of(used.pids.first().copied());
                let args = excerpt::beginning(&args, SHOWN);
                self.errors.push(format!("Port {text} is already in use by PID {pid} ({args})"));
            }
        }
        match state.number {
            None => self.errors.push(format!("Invalid port number: {text}")),
            Some(..PRIVILEGED) => self.warnings.push(format!("Port {text} is privileged (requires sudo)")),
            Some(_) => {}
        }
    }

    fn env_file(&mut self, state: EnvState, file: &str) {
        match state {
            EnvState::Missing => self.errors.push(format!("Environment file not found: {file}")),
            EnvState::Unreadable => self.errors.push(format!("Environment file not readable: {file}")),
            EnvState::Readable { has_placeholders } => {
                self.info.push(format!("Environment file exists and is readable: {file}"));
                if has_placeholders {
                    self.warnings.push("Environment file contains placeholder values".to_owned());
                }
            }
        }
    }

    fn text(&self) -> String {
        let groups = [&self.errors, &self.warnings, &self.info];
        let shown = groups.into_iter().filter(|group| !group.is_empty());
        let groups: String = shown.map(|group| format!("{}\n\n", group.join("\n"))).collect();
        let verdict = match self.errors.len() {
            0 => "✅ Validation passed - ready to start".to_owned(),
            count => format!("❌ Validation failed - {count} error(s) found"),
        };
        format!("[DOCTOR] Pre-flight validation results:\n\n{groups}{verdict}\n")
    }

    /// In the lines that callers of the bash tool have seen: an empty list has an empty line.
    fn json(&self) -> String {
        let list = |name: &str, items: &[String]| {
            let items: Vec<String> =
                items.iter().map(|item| format!("    {}", Value::from(item.as_str()))).collect();
            format!("  \"{name}\": [\n{}\n  ]", items.join(",\n"))
        };
        let lists = [
            format!("  \"valid\": {}", self.errors.is_empty()),
            list("errors", &self.errors),
            list("warnings", &self.warnings),
            list("info", &self.info),
        ];
        format!("{{\n{}\n}}", lists.join(",\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<(Intent, bool)> {
        parse(Words::new(words.iter().map(Into::into)))
    }

    #[test]
    fn options_stand_anywhere_and_other_words_are_the_command() {
        let (intent, as_json) =
            parsed(&["node", "--port", "80", "x.js", "-v", "--json", "--env", "e"]).unwrap();
        let expected = Intent { command: "node x.js -v".into(), port: "80".into(), env_file: "e".into() };
        assert_eq!((intent, as_json), (expected, true));
    }

    #[test]
    fn an_option_without_its_value_is_refused() {
        for option in ["--port", "--env"] {
            let error = parsed(&["x", option]).unwrap_err();
            let expected = (format!("tsm: option '{option}' requires a value"), 64);
            assert_eq!((error.to_string(), error.code()), expected);
        }
    }

    #[test]
    fn an_empty_list_has_an_empty_line() {
        let lines = Lines { errors: vec!["a \"b\"".into(), "c".into()], ..Lines::default() };
        insta::assert_snapshot!(lines.json(), @r#"
        {
          "valid": false,
          "errors": [
            "a \"b\"",
            "c"
          ],
          "warnings": [

          ],
          "info": [

          ]
        }
        "#);
    }
}

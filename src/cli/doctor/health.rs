//! `healthcheck`, and `--json`: everything that is wrong.

use serde_json::json;

use super::super::{Context, Io};
use crate::doctor::health::{self, Health};
use crate::doctor::{Finding, Severity};
use crate::doctor::{findings, quoted};
use crate::error::Result;

/// The exit code is 1 if anything is an error.
pub(super) fn json(cx: &mut Context) -> Result<u8> {
    let findings = findings::find(&cx.registry)?;
    let count = findings.len();
    cx.io.line(json!({ "success": true, "data": { "findings": findings, "count": count } }));
    Ok(u8::from(findings.iter().any(|finding| finding.severity == Severity::Error)))
}

/// One finding and what to do about it.
pub(super) fn show(finding: &Finding, io: &mut Io) {
    let mark = if finding.severity == Severity::Error { ERROR } else { WARN };
    io.line(format_args!("  {mark} {}: {}\n      -> {}", finding.subject, finding.message, finding.fix));
}

const OK: &str = "[OK]";
const WARN: &str = "[WARN]";
const ERROR: &str = "[ERROR]";

pub(super) fn run(cx: &mut Context) -> Result<u8> {
    let health = health::examine(&cx.config, &cx.registry)?;
    let mut page = Page { io: &mut cx.io, warnings: 0, errors: 0, fixes: Vec::new() };
    page.io.line("[DOCTOR] TSM Health Check\n===================");
    page.environment(&health);
    page.directories(&health);
    page.programs(&health);
    page.processes(&health);
    page.findings(&health.findings);
    page.summary();
    Ok(u8::from(page.errors > 0))
}

/// The report as far as it has been written.
struct Page<'a> {
    io: &'a mut Io,
    warnings: usize,
    errors: usize,
    fixes: Vec<String>,
}

impl Page<'_> {
    fn title(&mut self, title: &str) {
        self.io.line(format_args!("\n[DOCTOR] {title}:"));
    }

    fn ok(&mut self, text: &str) {
        self.io.line(format_args!("  {OK} {text}"));
    }

    fn warn(&mut self, text: &str, fix: String) {
        self.warnings += 1;
        self.io.line(format_args!("  {WARN} {text}"));
        self.fixes.push(fix);
    }

    fn environment(&mut self, health: &Health) {
        self.title("Core Environment");
        let [source, tetra] = &health.tetra;
        match source {
            Some(source) => self.ok(&format!("TETRA_SRC={source}")),
            None => self.ok("TETRA_SRC: not set (not required)"),
        }
        match tetra {
            Some(tetra) => self.ok(&format!("TETRA_DIR={tetra}")),
            None => {
                self.errors += 1;
                self.io.line(format_args!("  {ERROR} TETRA_DIR not set"));
            }
        }
    }

    fn directories(&mut self, health: &Health) {
        self.title("TSM Runtime Variables");
        for (name, path, _) in &health.directories {
            self.ok(&format!("{name}={}", path.display()));
        }
        self.title("Runtime Directories");
        for (name, path, is_there) in &health.directories {
            match is_there {
                true => self.ok(&format!("{name}: exists")),
                false => {
                    let fix = format!("Create with: mkdir -p {}", quoted(&path.display().to_string()));
                    self.warn(&format!("{name}: missing"), fix);
                }
            }
        }
    }

    fn programs(&mut self, health: &Health) {
        self.title("Dependencies");
        for (name, is_there) in &health.programs {
            let state = if *is_there { "installed" } else { "not found (not required)" };
            self.ok(&format!("{name}: {state}"));
        }
    }

    fn processes(&mut self, health: &Health) {
        self.title("Process Tracking");
        self.io.line(format_args!("  Tracked processes: {}", health.tracked));
        match (health.tracked, health.stale) {
            (0, _) => {}
            (_, 0) => self.ok("No stale process files"),
            (_, stale) => {
                let fix = "Clean stale processes: tsm doctor clean".to_owned();
                self.warn(&format!("Stale process files: {stale}"), fix);
            }
        }
        self.title("Orphaned Processes");
        match health.orphans {
            0 => self.ok("No obvious orphans"),
            count => {
                let fix = "Check orphans: tsm doctor orphans".to_owned();
                self.warn(&format!("Potential orphans: {count}"), fix);
            }
        }
    }

    /// Each has its fix beside it.
    fn findings(&mut self, findings: &[Finding]) {
        if findings.is_empty() {
            return;
        }
        self.title("Findings");
        for finding in findings {
            match finding.severity {
                Severity::Warn => self.warnings += 1,
                Severity::Error => self.errors += 1,
            }
            show(finding, self.io);
        }
    }

    fn summary(&mut self) {
        self.title("Summary");
        let Self { warnings, errors, .. } = self;
        match (errors, warnings) {
            (0, 0) => {
                self.io.line("  All checks passed");
                return;
            }
            (0, warnings) => self.io.line(format_args!("  {warnings} warning(s) found\n")),
            (errors, warnings) => {
                self.io.line(format_args!("  {errors} error(s), {warnings} warning(s) found\n"));
            }
        }
        if !self.fixes.is_empty() {
            self.io.line("[DOCTOR] Suggested Fixes:");
            self.fixes.iter().for_each(|fix| self.io.line(format_args!("  -> {fix}")));
            self.io.line("");
        }
    }
}

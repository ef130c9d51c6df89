//! The report of a migration in text: a line for each item, and a summary.

use std::fmt::Display;

use super::Flags;
use crate::cli::Io;
use crate::migrate::Outcome;
use crate::migrate::report::{Refused, Report, Warning};
use crate::migrate::verdict::Code;

/// The report, a line for each item.
pub(super) struct Text<'a> {
    pub(super) flags: &'a Flags,
    pub(super) io: &'a mut Io,
}

impl Text<'_> {
    pub(super) fn print(&mut self, outcome: &Outcome) {
        let report = &outcome.report;
        if report.is_empty() {
            return;
        }
        if !self.flags.quiet {
            self.print_changes(report);
        }
        report.refused.iter().for_each(|item| self.line(refusal(item)));
        report.warnings.iter().for_each(|warning| self.warning(warning, report));
        if !self.flags.quiet {
            self.summary(outcome);
        }
    }

    fn print_changes(&mut self, report: &Report) {
        for item in &report.converted {
            let (name, id, status) = (&item.name, item.tsm_id, &item.status);
            self.line(format_args!("converted {name} (id {id}, {status}) from {}", item.from));
        }
        for item in &report.history {
            self.line(format_args!("history {} {} instance(s)", item.name, item.instances));
        }
        report.removed.iter().for_each(|place| self.line(format_args!("removed {place}")));
        report.kept.iter().for_each(|item| self.line(format_args!("kept {}: {}", item.path, item.reason)));
    }

    fn warning(&mut self, warning: &Warning, report: &Report) {
        let renumbered = (warning.code == Code::Renumbered.name()).then(|| {
            let converted = report.converted.iter().find(|item| item.from == warning.path);
            converted.map(|item| format!("renumbered {}: {}", item.name, warning.detail))
        });
        match renumbered.flatten() {
            Some(line) => self.line(line),
            None => self.line(format_args!("warning {}: {}", warning.path, warning.code)),
        }
    }

    fn summary(&mut self, outcome: &Outcome) {
        let report = &outcome.report;
        let backup =
            outcome.backup.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
        self.line(format_args!(
            "migrated {} process(es), {} to history, {} warning(s), {} refused; backup {backup}",
            report.converted.len(),
            report.to_history(),
            report.warnings.len(),
            report.refused.len(),
        ));
    }

    fn line(&mut self, text: impl Display) {
        if self.flags.dry_run {
            self.io.line(format_args!("would {text}"));
        } else {
            self.io.line(text);
        }
    }
}

/// The line of an item that is left because it cannot be believed.
pub(super) fn refusal(item: &Refused) -> String {
    format!("refused {}: {}", item.path, item.reason)
}

//! What is wrong with an installation, each thing with what to do about it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::clean;
use super::finding::{Finding, Severity, quoted};
use crate::error::Result;
use crate::layout::Layout;
use crate::migrate::report::Refused;
use crate::migrate::{self, Status};
use crate::registry::{Record, Registry};
use crate::supervisor;
use crate::sys::{disk, proc};

/// Everything that the checks find, check by check.
pub fn find(registry: &Registry) -> Result<Vec<Finding>> {
    let layout = registry.layout();
    let mut live = registry.records()?;
    live.retain(Record::is_alive);
    let mut findings: Vec<Finding> = live.iter().filter_map(|record| supervision(record, layout)).collect();
    findings.extend(clean::doubtful(registry)?);
    findings.extend(registry.set_aside()?.iter().map(|path| set_aside(path)));
    let secrets = registry.env_dumps()?.into_iter().chain([layout.dump(), layout.last_dump()]);
    findings.extend(secrets.filter_map(|path| readable_by_others(&path)));
    findings.extend(writable_by_others(&layout.named_ports(), 0o002, "o-w"));
    findings.extend(writable_by_others(&layout.runs(), 0o022, "go-w"));
    findings.extend(full_disk(layout));
    findings.extend(migration(layout)?);
    Ok(findings)
}

/// A migration that was cut off, and old records that cannot be believed.
fn migration(layout: &Layout) -> Result<Vec<Finding>> {
    let finding =
        |severity, subject, message, fix| Finding { check: "migration", severity, subject, message, fix };
    Ok(match migrate::status(layout)? {
        Status::Interrupted { id } => {
            let message = "was cut off half way: nothing is lost".to_owned();
            vec![finding(Severity::Error, format!("migration {id}"), message, "tsm migrate".to_owned())]
        }
        Status::NotMigrated { refused, .. } => {
            let of_item = |item: Refused| {
                let path = layout.tetra().join(item.path.path()).display().to_string();
                let fix = format!("Look at it, then move it away: {}", quoted(&path));
                finding(Severity::Warn, path, format!("is left alone by migrate: {}", item.reason), fix)
            };
            refused.into_iter().map(of_item).collect()
        }
        Status::Migrated { .. } | Status::NothingToMigrate | Status::RolledBack { .. } => Vec::new(),
    })
}

/// A live process has a supervisor, of this version.
fn supervision(record: &Record, layout: &Layout) -> Option<Finding> {
    let name = record.name();
    let finding = |check, message: String, fix: String| Finding {
        check,
        severity: Severity::Warn,
        subject: name.to_owned(),
        message,
        fix,
    };
    match supervisor::owner(&layout.run(name)) {
        None => Some(finding(
            "no-supervisor",
            "runs without a supervisor: its end would not be seen".to_owned(),
            "tsm patrol".to_owned(),
        )),
        Some(pid) => proc::runs_another_executable(pid).then(|| {
            finding(
                "old-supervisor",
                format!("its supervisor (PID {pid}) runs another build of tsm"),
                format!("When it suits: tsm restart {}", quoted(name)),
            )
        }),
    }
}

fn set_aside(path: &Path) -> Finding {
    let shown = path.display();
    Finding {
        check: "set-aside",
        severity: Severity::Warn,
        subject: file_name(path),
        message: "was no record and has been set aside".to_owned(),
        fix: format!("Look at it, then: rm {}", quoted(&shown.to_string())),
    }
}

fn readable_by_others(path: &Path) -> Option<Finding> {
    let mode = mode(path)? & 0o044;
    (mode != 0).then(|| Finding {
        check: "readable-secrets",
        severity: Severity::Error,
        subject: path.display().to_string(),
        message: "may hold secrets and can be read by others".to_owned(),
        fix: format!("chmod 600 {}", quoted(&path.display().to_string())),
    })
}

fn writable_by_others(path: &Path, others: u32, change: &str) -> Option<Finding> {
    let mode = mode(path)? & others;
    (mode != 0).then(|| Finding {
        check: "writable-by-others",
        severity: Severity::Error,
        subject: path.display().to_string(),
        message: "can be written by others".to_owned(),
        fix: format!("chmod {change} {}", quoted(&path.display().to_string())),
    })
}

fn full_disk(layout: &Layout) -> Option<Finding> {
    const LEAST: u64 = 1 << 30;
    const LEAST_PERCENT: u64 = 5;
    let tetra = layout.tetra();
    let space = disk::space(tetra).ok()?;
    let percent = space.available.saturating_mul(100) / space.total.max(1);
    (space.available < LEAST || percent < LEAST_PERCENT).then(|| Finding {
        check: "disk",
        severity: Severity::Warn,
        subject: tetra.display().to_string(),
        message: format!("{percent} % of the disk is free ({} MiB)", space.available >> 20),
        fix: format!("Make room; the logs take: du -sh {}", quoted(&layout.logs().display().to_string())),
    })
}

fn mode(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|meta| meta.mode())
}

fn file_name(path: &Path) -> String {
    PathBuf::from(path.file_name().unwrap_or_default()).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_a_shell() {
        assert_eq!(quoted("/a/b-1.env"), "/a/b-1.env");
        assert_eq!(quoted("/a b/it's"), r"'/a b/it'\''s'");
    }

    #[test]
    fn a_finding_is_written_with_these_members() {
        let finding = Finding {
            check: "disk",
            severity: Severity::Error,
            subject: "/t".into(),
            message: "m".into(),
            fix: "f".into(),
        };
        assert_eq!(
            serde_json::to_string(&finding).unwrap(),
            r#"{"check":"disk","severity":"error","subject":"/t","message":"m","fix":"f"}"#
        );
    }
}

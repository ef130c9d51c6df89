//! `ports-declared`, `ports-actual`, `reconcile`.

use super::super::{Context, padded};
use crate::doctor::accounts::{self, Compared, Pair};
use crate::doctor::figures::UNKNOWN;
use crate::error::Result;
use crate::output::excerpt;
use crate::ports::ledger;

const NO_LEDGER: &str = "No port registry found";
const NONE: &str = "none";

/// How much of a command line is shown.
const SHOWN: usize = 40;

pub(super) fn declared(cx: &mut Context) -> Result<u8> {
    let Some(lines) = ledger::lines(&cx.config.layout)? else {
        cx.io.line(NO_LEDGER);
        return Ok(0);
    };
    cx.io.line("📋 TSM Port Registry (Declared Ports):\n");
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let longest = |column: usize| lines.iter().filter_map(|cells| cells.get(column)).map(String::len).max();
    let widths: Vec<usize> = (0..columns).map(|column| longest(column).unwrap_or(0)).collect();
    lines.iter().for_each(|cells| cx.io.line(aligned(cells, &widths)));
    Ok(0)
}

/// Two blanks between the columns; the last cell ends its line.
fn aligned(cells: &[String], widths: &[usize]) -> String {
    let Some((last, others)) = cells.split_last() else { return String::new() };
    let others = others.iter().zip(widths).map(|(cell, width)| padded(cell, width + 2));
    others.chain([last.clone()]).collect()
}

pub(super) fn actual(cx: &mut Context) -> Result<u8> {
    let row = |[pid, port, process, command]: [&str; 4]| {
        format!("{} {} {} {command}", padded(pid, 8), padded(port, 8), padded(process, 20))
    };
    cx.io.line("🔍 Actual Listening Ports:\n");
    cx.io.line(row(["PID", "PORT", "PROCESS", "COMMAND"]));
    cx.io.line(row(["---", "----", "-------", "-------"]));
    for pair in accounts::actual(&cx.registry)? {
        let comm: String = pair.comm.split_whitespace().collect();
        let command = excerpt::beginning(&pair.args, SHOWN);
        cx.io.line(row([&pid(&pair), &pair.port.to_string(), &comm, &command]));
    }
    Ok(0)
}

fn pid(pair: &Pair) -> String {
    pair.pid.map_or_else(|| UNKNOWN.to_owned(), |pid| pid.to_string())
}

pub(super) fn reconcile(cx: &mut Context) -> Result<u8> {
    cx.io.line("🔍 Port Accounting Reconciliation\n==================================");
    let Some(books) = accounts::reconcile(&cx.registry)? else {
        cx.io.line(NO_LEDGER);
        return Ok(0);
    };
    cx.io.line("\n📊 TSM-Managed Processes:");
    books.rows.iter().for_each(|row| cx.io.line(compared(row)));
    cx.io.line("\n🔓 System Ports Not in TSM Registry:");
    for pair in &books.strangers {
        let (pid, port, comm) = (pid(pair), pair.port, super::one_line(pair.comm.as_bytes()));
        cx.io.line(format_args!("  🔓 PID {pid}: {comm} listening on port {port} (not managed by TSM)"));
    }
    let correct = books.rows.iter().filter(|row| row.is_correct()).count();
    let mismatches = books.rows.len() - correct;
    let orphans = books.strangers.len();
    cx.io.line("\n📈 Summary:");
    cx.io.line(format_args!(
        "  ✅ Correct: {correct}\n  ❌ Mismatches: {mismatches}\n  🔓 Orphan ports: {orphans}"
    ));
    Ok(u8::from(mismatches > 0))
}

fn compared(row: &Compared) -> String {
    let (id, name, declared) = (row.account.tsm_id, &row.account.name, &row.account.declared);
    let actual = row.actual_text();
    if row.is_correct() {
        format!("  ✅ TSM ID {id}: {name} (declared={declared}, actual={actual})")
    } else if actual == NONE {
        format!("  ⚠️  TSM ID {id}: {name} - DECLARED port {declared} but NOTHING listening")
    } else {
        format!("  ❌ TSM ID {id}: {name} - PORT MISMATCH (declared={declared}, actual={actual})")
    }
}

//! The files that callers of the bash tool source: what they define, what they leave alone, how they get there.

mod callers;
mod completion;
mod functions;
mod install;
mod interrupted;
mod sourcing;

const TABLE: &str = include_str!("../../../compat/functions.tsv");

/// The functions of the table, each with what stands beside it.
fn table() -> Vec<(&'static str, &'static str)> {
    let is_row = |line: &&str| !line.is_empty() && !line.starts_with('#');
    TABLE.lines().filter(is_row).map(|line| line.split_once('\t').expect("two columns")).collect()
}

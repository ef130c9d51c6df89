//! `tsm ranges`: the port ranges of the deployments.

use super::{Context, Words};
use crate::error::Result;
use crate::ports::ranges::{DEPLOYMENTS, IGNORED, RANGES, SERVICES};

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("ranges").about("Show the port ranges of the deployments")
}

/// Ignores its words.
pub(super) fn run(_words: Words, cx: &mut Context) -> Result<u8> {
    cx.io.line("TSM Port Ranges:");
    for (label, range) in RANGES {
        cx.io.line(format_args!("  {label:<20} {range}"));
    }
    cx.io.line("\nStandard Service Ports:");
    for (service, ports) in SERVICES {
        cx.io.line(format_args!("  {service}:"));
        for (deployment, port) in DEPLOYMENTS.iter().zip(ports) {
            let port = port.map(|port| port.to_string()).unwrap_or_default();
            cx.io.line(format_args!("    {:<8} {port}", format!("{deployment}:")));
        }
    }
    cx.io.line("\nIgnored Ports (not managed by TSM):");
    IGNORED.iter().for_each(|port| cx.io.line(format_args!("  {port}")));
    Ok(0)
}

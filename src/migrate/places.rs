//! Where old and new installations keep what, from `TETRA_DIR` on.

use super::place::Place;

/// Everything of tsm's.
pub const TSM: &str = "tsm";
/// Records of generations 0 to 3.
pub const EARLY_RECORDS: &str = "tsm/processes";
/// Pid files of generations 0 to 3.
pub const EARLY_PIDS: &str = "tsm/pids";
/// Logs of generations 0 to 3.
pub const EARLY_LOGS: &str = "tsm/logs";
/// Records of all later generations, the new one too.
pub const RECORDS: &str = "tsm/runtime/processes";
/// Pid files.
pub const PIDS: &str = "tsm/runtime/pids";
/// Logs: of generations 4 to 6 as files, of the new one as directories.
pub const LOGS: &str = "tsm/runtime/logs";
/// What changes while processes run.
pub const RUNTIME: &str = "tsm/runtime";
/// The port ledger's directory.
pub const PORTS: &str = "tsm/runtime/ports";
/// Instances of TCS 3.0; events, metrics and history of the new layout.
pub const DB: &str = "tsm/db";
/// Links to the living instances of TCS 3.0.
pub const ACTIVE: &str = "tsm/active";
/// What TCS 3.0 counted and named with.
pub const CONFIG: &str = "tsm/config";
/// Service definitions.
pub const SERVICES: &str = "tsm/services-available";
/// Links to those that start with the machine.
pub const ENABLED: &str = "tsm/services-enabled";
/// Service definitions of generations 2 and 3.
pub const EARLY_SERVICES: &str = "services";
/// Links to those of them that start with the machine.
pub const EARLY_ENABLED: &str = "services/enabled";
/// Lines about single processes.
pub const HISTORY: &str = "tsm/db/history";
/// Lines about all processes, a file for each day.
pub const EVENTS: &str = "tsm/db/events";

/// Every directory that is listed, in the order that it is looked at.
pub const LISTED: [&str; 15] = [
    TSM,
    RUNTIME,
    EARLY_RECORDS,
    EARLY_PIDS,
    EARLY_LOGS,
    RECORDS,
    PIDS,
    LOGS,
    PORTS,
    DB,
    ACTIVE,
    CONFIG,
    SERVICES,
    EARLY_SERVICES,
    EARLY_ENABLED,
];

/// Directories that must not be links: what lies behind one may be anybody's.
pub const NEVER_LINKS: [&str; 8] = [EARLY_RECORDS, EARLY_PIDS, RUNTIME, RECORDS, PIDS, PORTS, DB, CONFIG];

/// What has that name in one of the directories.
pub fn at(dir: &str, name: impl AsRef<std::ffi::OsStr>) -> Place {
    Place::new(dir).join(name)
}

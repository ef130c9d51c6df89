//! What can be wrong with named ports. The exit code is 1 for all of it, usage included.

use std::path::PathBuf;

/// A refusal of `tsm ports`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortError {
    /// Wrong words. The text is whole.
    #[error("{0}")]
    Usage(&'static str),
    /// There is no such subcommand.
    #[error(
        "Unknown ports subcommand: {0}\nUsage: tsm ports [list|detailed|scan|overview|status|validate|set|remove|\
         allocate|import|export|conflicts|env|json]"
    )]
    UnknownSubcommand(String),
    /// A name that a script could not use.
    #[error("ERROR: Invalid service name: {0}")]
    InvalidName(String),
    /// Not decimal 1..65535.
    #[error("ERROR: Invalid port number: {0}")]
    InvalidNumber(String),
    /// `[reserved]` holds it.
    #[error("ERROR: Port {0} is reserved and cannot be assigned")]
    Reserved(u16),
    /// Another service has it.
    #[error("ERROR: Port {port} is already assigned to {owner}")]
    Assigned {
        /// The port.
        port: u16,
        /// Whose it is.
        owner: String,
    },
    /// The file could not be written.
    #[error("Set {name} port to {port} (WARNING: failed to save to config)")]
    SetNotSaved {
        /// The service.
        name: String,
        /// The port it was to have.
        port: u16,
    },
    /// The file could not be written.
    #[error("Removed {name} (was using port {port}, WARNING: failed to save to config)")]
    RemovalNotSaved {
        /// The service.
        name: String,
        /// The port it has.
        port: String,
    },
    /// No such service.
    #[error("Service {0} not found in port registry")]
    NotFound(String),
    /// It has a port.
    #[error("Service {name} already has port {port}")]
    HasPort {
        /// The service.
        name: String,
        /// Its port.
        port: String,
    },
    /// `[port_ranges]` does not have it.
    #[error("No port range defined for environment: {0}")]
    NoRange(String),
    /// Not `MIN-MAX`.
    #[error("Invalid port range format: {0}")]
    InvalidRange(String),
    /// Neither `sequential` nor `random`.
    #[error("Unknown allocation strategy: {0}")]
    UnknownStrategy(String),
    /// Every port of a range is reserved, assigned or in use.
    #[error("No available ports in range {range} for environment {environment}")]
    NoneAvailable {
        /// As it is written.
        range: String,
        /// Its name.
        environment: String,
    },
    /// Not a regular file.
    #[error("Import file not found: {}", .0.display())]
    NoImportFile(PathBuf),
    /// A copy failed.
    #[error("Failed to import configuration from {}", .0.display())]
    ImportFailed(PathBuf),
    /// Not `toml`, `json` or `env`.
    #[error("Unknown export format: {0}\nSupported formats: toml, json, env")]
    UnknownFormat(String),
    /// The file could not be written.
    #[error("Failed to export configuration")]
    ExportFailed,
}

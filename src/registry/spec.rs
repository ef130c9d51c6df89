//! What is to run, decided before anything runs.

use super::Kind;

/// What is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Name, with its port or epoch.
    pub name: String,
    /// Declared port.
    pub port: Option<u16>,
    /// The command text after the rewriting of its interpreter.
    pub command: String,
    /// Where it runs.
    pub cwd: String,
    /// As given, after the rule for short names.
    pub env_file: Option<String>,
    /// What it is run by.
    pub kind: Kind,
    /// The resolved interpreter; `None` for a plain command.
    pub interpreter: Option<String>,
}

//! What older versions of tsm wrote and what is not converted: not yet, or not ever.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Record;

/// Old records, read as if they had been converted. Nothing of it is in `runtime/processes/*.json`.
#[derive(Clone, Debug, Default)]
pub struct Old {
    /// Processes that are known by an old record alone.
    pub records: Vec<Record>,
    /// Names whose old record cannot be believed, each with the file: a live process may be behind it.
    pub refused: BTreeMap<String, PathBuf>,
}

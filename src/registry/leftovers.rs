//! What lies beside the records and is none.

use std::path::PathBuf;

use super::Registry;
use crate::error::{Error, Result};
use crate::sys::dir;

impl Registry {
    /// Files that were no records and have been put out of the way.
    pub fn set_aside(&self) -> Result<Vec<PathBuf>> {
        self.named(".json.invalid")
    }

    /// Environments that the bash tool wrote down.
    pub fn env_dumps(&self) -> Result<Vec<PathBuf>> {
        self.named(".env")
    }

    fn named(&self, extension: &str) -> Result<Vec<PathBuf>> {
        let dir = self.layout().processes();
        let stems = dir::stems(&dir, extension).map_err(Error::file("read", &dir))?;
        Ok(stems.iter().map(|stem| dir.join(format!("{stem}{extension}"))).collect())
    }
}

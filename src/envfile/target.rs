//! Which files belong to an environment.

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs;
use std::path::{Path, PathBuf};

/// The directory of environment files and templates, below the current one.
pub const DIR: &str = "env";

const TEMPLATE: &str = ".env.tmpl";

/// An environment, and the file it is to be written to. Shown as that file's path.
#[derive(Clone, Debug)]
pub struct Target {
    environment: String,
}

impl Target {
    /// The environment of that name.
    pub fn new(environment: String) -> Self {
        Self { environment }
    }

    /// Its name.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Whether its files lie directly in the directory of environment files. None is made elsewhere.
    pub fn is_inside(&self) -> bool {
        !self.environment.contains('/')
    }

    /// Its environment file.
    pub fn file(&self) -> PathBuf {
        self.to_string().into()
    }

    /// What that file can be copied from.
    pub fn template(&self) -> PathBuf {
        format!("{DIR}/{}{TEMPLATE}", self.environment).into()
    }

    /// Whether there is something in its file's place, a dangling link included.
    pub fn exists(&self) -> bool {
        self.file().symlink_metadata().is_ok()
    }
}

impl Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{DIR}/{}.env", self.environment)
    }
}

/// The file names of all templates in a directory, bytewise. Hidden ones are none.
pub fn templates(dir: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<OsString> = entries.map(|entry| entry.file_name()).filter(is_template).collect();
    names.sort_unstable();
    names
}

fn is_template(name: &OsString) -> bool {
    let name = name.as_encoded_bytes();
    !name.starts_with(b".") && name.ends_with(TEMPLATE.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_the_environment() {
        let target = Target::new("a b".to_owned());
        assert_eq!(target.file(), Path::new("env/a b.env"));
        assert_eq!(target.template(), Path::new("env/a b.env.tmpl"));
        assert!(target.is_inside());
        assert!(!Target::new("../x".to_owned()).is_inside());
    }

    #[test]
    fn templates_are_sorted_and_visible() {
        let temp = tempfile::tempdir().unwrap();
        for name in ["b.env.tmpl", "B.env.tmpl", ".env.tmpl", ".x.env.tmpl", "a.env", "a.tmpl", "é.env.tmpl"]
        {
            fs::write(temp.path().join(name), "").unwrap();
        }
        assert_eq!(templates(temp.path()), ["B.env.tmpl", "b.env.tmpl", "é.env.tmpl"]);
        assert_eq!(templates(&temp.path().join("missing")), [""; 0]);
    }
}

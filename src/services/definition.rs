//! `services-available/NAME.tsm`, as far as it can be known without running it.

use std::fs;

use super::reader::{self, Variables};
use crate::config;
use crate::layout::Layout;

/// A variable that a definition sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `TSM_NAME`
    Name,
    /// `TSM_COMMAND`
    Command,
    /// `TSM_ENV_FILE`
    EnvFile,
    /// `TSM_PORT`
    Port,
}

impl Field {
    /// The name of the variable.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Name => "TSM_NAME",
            Self::Command => "TSM_COMMAND",
            Self::EnvFile => "TSM_ENV_FILE",
            Self::Port => "TSM_PORT",
        }
    }
}

/// What the file of one service says.
#[derive(Clone, Debug)]
pub struct Definition {
    name: String,
    variables: Variables,
}

impl Definition {
    /// Reads the file of a service. One that cannot be read says nothing.
    pub fn read(name: &str, layout: &Layout) -> Self {
        Self::parse(name, &fs::read(layout.service(name)).unwrap_or_default())
    }

    pub(super) fn parse(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), variables: reader::read(bytes, &config::value_of) }
    }

    /// The service's name, which is the file's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last value given to a field, empty when there is none. Of an array: its first element.
    pub fn value(&self, field: Field) -> &str {
        let elements = self.variables.get(field.variable());
        elements.and_then(|elements| elements.first()).map_or("", String::as_str)
    }
}

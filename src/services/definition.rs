//! `services-available/NAME.tsm`: what it says, by reading it or by running it.

use std::fs;
use std::path::PathBuf;

use super::evaluate;
use super::reader::{self, Variables};
use crate::config::{self, Config};
use crate::layout::Layout;

/// A variable that a definition sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `TSM_NAME`
    Name,
    /// `TSM_COMMAND`
    Command,
    /// `TSM_ARGS`
    Args,
    /// `TSM_CWD`
    Cwd,
    /// `TSM_ENV_FILE`
    EnvFile,
    /// `TSM_ENV`: what later versions call the environment file.
    Env,
    /// `TSM_PORT`
    Port,
    /// `TSM_DESCRIPTION`
    Description,
}

impl Field {
    /// The name of the variable.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Name => "TSM_NAME",
            Self::Command => "TSM_COMMAND",
            Self::Args => "TSM_ARGS",
            Self::Cwd => "TSM_CWD",
            Self::EnvFile => "TSM_ENV_FILE",
            Self::Env => "TSM_ENV",
            Self::Port => "TSM_PORT",
            Self::Description => "TSM_DESCRIPTION",
        }
    }
}

/// What the file of one service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    name: String,
    variables: Variables,
}

/// What is to be done to know what a definition says to a start.
#[derive(Debug)]
pub enum Source {
    /// There is no such definition.
    Missing,
    /// Nothing: bash is sure to read the same.
    Plain(Definition),
    /// It must be run.
    Dynamic,
}

/// Why a definition that was run says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// It ended, or did not end.
    Failed,
    /// It says something that is not UTF-8.
    NotText,
}

impl Definition {
    /// Reads the file of a service and runs nothing. One that cannot be read says nothing.
    pub fn read(name: &str, layout: &Layout) -> Self {
        Self::parse(name, &fs::read(layout.service(name)).unwrap_or_default())
    }

    pub(super) fn parse(name: &str, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), variables: reader::read(bytes, &config::value_of) }
    }

    /// For a start: what the file says if that can be told without running it.
    pub fn source(name: &str, layout: &Layout) -> Source {
        if !super::exists(name, layout) {
            return Source::Missing;
        }
        let bytes = fs::read(layout.service(name)).ok();
        match bytes.and_then(|bytes| reader::read_plain(&bytes)) {
            Some(variables) => Source::Plain(Self { name: name.to_owned(), variables }.with_inherited_port()),
            None => Source::Dynamic,
        }
    }

    /// Runs the file of a service. What it prints goes to the caller.
    pub fn evaluate(name: &str, config: &Config) -> Result<Self, Silence> {
        let values = evaluate::definition(&config.layout.service(name), config).ok_or(Silence::Failed)?;
        let mut variables = Variables::new();
        for (field, elements) in values {
            let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| Silence::NotText);
            let elements = elements.into_iter().map(text).collect::<Result<_, _>>()?;
            variables.insert(field.variable().to_owned(), elements);
        }
        Ok(Self { name: name.to_owned(), variables })
    }

    /// The service's name, which is the file's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last value given to a field, empty when there is none. Of an array: its first element.
    pub fn value(&self, field: Field) -> &str {
        self.elements(field).first().map_or("", String::as_str)
    }

    /// All elements of an array; of a plain field the one, if it was given.
    pub fn elements(&self, field: Field) -> &[String] {
        self.variables.get(field.variable()).map_or(&[], Vec::as_slice)
    }

    /// The environment file that a start uses.
    pub(super) fn env_file(&self) -> Option<PathBuf> {
        let values = [self.value(Field::EnvFile), self.value(Field::Env)];
        values.into_iter().find(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// An exported TSM_PORT is the port of a definition that sets none.
    fn with_inherited_port(mut self) -> Self {
        let name = Field::Port.variable();
        if let Some(port) = config::value_of(name).filter(|_| !self.variables.contains_key(name)) {
            self.variables.insert(name.to_owned(), vec![port]);
        }
        self
    }
}

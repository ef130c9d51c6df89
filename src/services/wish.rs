//! What a definition asks for.

use std::path::{Path, PathBuf};

use super::definition::{Definition, Field};
use super::evaluate;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::launch::{self, Request};
use crate::lifecycle::{Audience, Name, Order};
use crate::registry::Spec;
use crate::sys::clock;

/// Which dead processes give their names and ids to those that come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Those of the same name.
    OfName,
    /// Of a service without a port the last one, too.
    OfService,
}

/// A process that a service asks for.
pub(super) struct Wish {
    service: String,
    /// The base of its name.
    pub(super) name: String,
    command: String,
    cwd: PathBuf,
    pub(super) env_file: Option<PathBuf>,
    /// As it is written.
    pub(super) port: Option<String>,
}

/// The order of a service that asks for nothing, and why.
pub(super) fn nothing(why: Error) -> Order {
    Order {
        spec: Err(why),
        name: Name::Exact(String::new()),
        one_of: None,
        reuses: false,
        id: None,
        audience: Audience::Itself,
    }
}

impl Wish {
    /// Relative paths start where the caller is. An environment file may be run to know the port.
    pub(super) fn new(definition: &Definition, caller: &Path, config: &Config) -> Self {
        let text = |field| definition.value(field).to_owned();
        let cwd = caller.join(text(Field::Cwd));
        let env_file = definition.env_file().map(|file| cwd.join(launch::expand_env_file(file.as_os_str())));
        let port = Some(text(Field::Port)).filter(|port| !port.is_empty());
        let left_by = |file: &PathBuf| evaluate::port(file, &cwd, config);
        let port = port.or_else(|| env_file.as_ref().filter(|file| file.is_file()).and_then(left_by));
        let name = Some(text(Field::Name)).filter(|name| !name.is_empty());
        Self {
            service: definition.name().to_owned(),
            name: name.unwrap_or_else(|| definition.name().to_owned()),
            command: command(definition),
            cwd,
            env_file,
            port,
        }
    }

    /// `refusal`: why it cannot be started in any case.
    pub(super) fn order(&self, refusal: Option<&str>, reuse: Reuse, config: &Config) -> Order {
        let epoch = clock::epoch();
        let found = launch::name_and_port(&self.request(epoch)).ok().filter(|(_, port)| port.is_some());
        let name = match (&self.port, found) {
            (Some(port), _) => Name::Exact(format!("{}-{port}", self.name)),
            (None, Some((name, _))) => Name::Exact(name),
            (None, None) => Name::Since(self.name.clone(), epoch),
        };
        let has_port = self.port.is_some();
        Order {
            spec: self.spec(epoch, refusal, config),
            one_of: (!has_port).then(|| self.service.clone()),
            reuses: reuse == Reuse::OfService && matches!(name, Name::Since(..)),
            name,
            id: None,
            audience: if has_port { Audience::Tree } else { Audience::Itself },
        }
    }

    fn spec(&self, epoch: i64, refusal: Option<&str>, config: &Config) -> Result<Spec> {
        if let Some(reason) = refusal.map(str::to_owned).or_else(|| self.refusal()) {
            return Err(Error::StartFailed { name: self.service.clone(), reason });
        }
        let spec = launch::spec(&self.request(epoch), config)?;
        Ok(Spec { service: Some(self.service.clone()), ..spec })
    }

    fn refusal(&self) -> Option<String> {
        if !self.cwd.is_dir() {
            return Some(format!("working directory not found: {}", self.cwd.display()));
        }
        if self.command.is_empty() {
            return Some("no TSM_COMMAND in definition".to_owned());
        }
        let port = self.port.as_ref().filter(|port| launch::parse_port(port).is_none())?;
        Some(format!("invalid port: {port}"))
    }

    fn request(&self, epoch: i64) -> Request {
        Request {
            command: self.command.clone().into(),
            env_file: self.env_file.clone().map(PathBuf::into_os_string),
            port: self.port.clone().map(Into::into),
            name: Some(self.name.clone().into()),
            cwd: self.cwd.clone(),
            epoch,
        }
    }
}

/// The command line with the arguments behind it. Nothing stays nothing.
fn command(definition: &Definition) -> String {
    let command = definition.value(Field::Command);
    match definition.elements(Field::Args) {
        _ if command.is_empty() => String::new(),
        [only] if only.is_empty() => command.to_owned(),
        arguments => {
            let quoted = arguments.iter().map(|argument| launch::quoted(argument));
            std::iter::once(command.into()).chain(quoted).collect::<Vec<_>>().join(" ")
        }
    }
}

//! Starting services: in the order of the list, as many at once as may be.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::definition::{Definition, Silence, Source};
use super::wish::{Reuse, Wish, nothing};
use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::lifecycle::{self, Order, Reply};
use crate::registry::Registry;

/// What is told of a service.
#[derive(Debug)]
pub enum Step<'a> {
    /// It is its turn. Its definition may have something to say.
    Begins,
    /// What it asks for, and what comes of that.
    Reply(&'a Asked, Reply),
}

/// What a service asks for, in the words of a report.
#[derive(Debug)]
pub enum Asked {
    /// Nothing: there is no definition, or it cannot be run. The reply says which.
    Nothing,
    /// A process.
    Process {
        /// The base of its name.
        name: String,
        /// Its port, valid or not; `None` when it has none.
        port: Option<String>,
        /// An environment file that is not there.
        missing_env_file: Option<PathBuf>,
    },
}

/// Starts services and tells of each in its turn. A definition that must be run waits until all before it have been told
/// of. Fails only as a whole.
pub fn start(
    services: &[String],
    reuse: Reuse,
    config: &Config,
    registry: &Registry,
    tell: &mut dyn FnMut(&str, Step<'_>),
) -> Result<()> {
    lifecycle::sweep(registry)?;
    let caller = config::current_dir().map_err(Error::system("find the current directory"))?;
    let mut line = Line { caller, reuse, config, registry, tell, waiting: Vec::new() };
    for service in services {
        line.add(service)?;
    }
    line.start()
}

/// Services that can be started together.
struct Line<'a> {
    caller: PathBuf,
    reuse: Reuse,
    config: &'a Config,
    registry: &'a Registry,
    tell: &'a mut dyn FnMut(&str, Step),
    waiting: Vec<Waiting>,
}

struct Waiting {
    service: String,
    /// That it is its turn has been told.
    has_begun: bool,
    asked: Asked,
    order: Order,
}

impl Line<'_> {
    fn add(&mut self, service: &str) -> Result<()> {
        let source = Definition::source(service, &self.config.layout);
        let has_begun = matches!(source, Source::Dynamic);
        let (asked, order) = match source {
            Source::Missing => (Asked::Nothing, nothing(Error::NoSuchService(service.to_owned()))),
            Source::Plain(definition) => self.ask(&definition, None),
            Source::Dynamic => {
                self.start()?;
                (self.tell)(service, Step::Begins);
                self.evaluate(service)
            }
        };
        self.waiting.push(Waiting { service: service.to_owned(), has_begun, asked, order });
        Ok(())
    }

    fn evaluate(&self, service: &str) -> (Asked, Order) {
        match Definition::evaluate(service, self.config) {
            Ok(definition) => self.ask(&definition, None),
            Err(Silence::Failed) => {
                let file = self.config.layout.service(service);
                (Asked::Nothing, nothing(Error::DefinitionFailed(file)))
            }
            Err(Silence::NotText) => {
                self.ask(&Definition::read(service, &self.config.layout), Some("not UTF-8"))
            }
        }
    }

    fn ask(&self, definition: &Definition, refusal: Option<&str>) -> (Asked, Order) {
        let wish = Wish::new(definition, &self.caller, self.config);
        let order = wish.order(refusal, self.reuse, self.config);
        let is_missing = |file: &PathBuf| order.spec.is_ok() && !file.is_file();
        let missing_env_file = wish.env_file.filter(is_missing);
        (Asked::Process { name: wish.name, port: wish.port, missing_env_file }, order)
    }

    /// Starts those that wait, and tells of them.
    fn start(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (mut told, orders): (VecDeque<_>, Vec<_>) = waiting
            .map(|waiting| ((waiting.service, waiting.has_begun, waiting.asked), waiting.order))
            .unzip();
        lifecycle::start_all(orders, self.config, self.registry, |reply| {
            let Some((service, has_begun, asked)) = told.front_mut() else { return };
            if !std::mem::replace(has_begun, true) {
                (self.tell)(service, Step::Begins);
            }
            let is_over = !matches!(reply, Reply::Starting);
            (self.tell)(service, Step::Reply(asked, reply));
            if is_over {
                told.pop_front();
            }
        })
    }
}

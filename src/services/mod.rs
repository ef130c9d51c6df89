//! Service definitions: files of bash assignments in `services-available`. Looking at them runs nothing; only a start does.

mod cursor;
mod definition;
mod draft;
mod enabled;
mod evaluate;
mod name;
mod reader;
mod start;
mod wish;
mod word;

pub use definition::{Definition, Field};
pub use draft::Draft;
pub use enabled::{disable, enable, enabled, is_enabled};
pub use name::{exists, is_valid as is_valid_name};
pub use start::{Asked, Step, start};
pub use wish::Reuse;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::registry::Record;
use crate::sys::dir;

const EXTENSION: &str = ".tsm";

/// The names of all services, bytewise by file name. Hidden files are none.
pub fn names(layout: &Layout) -> Result<Vec<String>> {
    let path = layout.services_available();
    let mut names = dir::stems(&path, EXTENSION).map_err(Error::file("read", &path))?;
    names.retain(|name| is_visible_name(name) && layout.service(name).is_file());
    Ok(names)
}

/// The process of a service among the live ones: the one named after the service and its port, or after the service,
/// or else the oldest id that belongs to it. The file's name counts before the name in the file.
pub fn process_of<'a>(service: &Definition, live: &'a [Record]) -> Option<&'a Record> {
    let named = |name: &str| live.iter().find(|record| record.name() == name);
    let (port, own_name) = (service.value(Field::Port), service.value(Field::Name));
    let bases = [service.name(), own_name].into_iter().filter(|base| !base.is_empty());
    bases.into_iter().find_map(|base| {
        let with_port = if port.is_empty() { None } else { named(&format!("{base}-{port}")) };
        with_port.or_else(|| named(base)).or_else(|| first_of(service.name(), base, live))
    })
}

fn first_of<'a>(service: &str, base: &str, live: &'a [Record]) -> Option<&'a Record> {
    let is_numbered = |record: &Record| {
        let digits = record.name().strip_prefix(base).and_then(|rest| rest.strip_prefix('-'));
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let belongs = |record: &&Record| record.service() == Some(service) || is_numbered(record);
    live.iter().filter(belongs).min_by_key(|record| record.tsm_id())
}

fn is_visible_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live(records: &[(&str, i64, Option<&str>)]) -> Vec<Record> {
        let record = |(name, id, service): &(&str, i64, Option<&str>)| {
            let text = json!({ "tsm_id": id, "pid": 7, "status": "online", "service": service }).to_string();
            Record::parse(name, text.as_bytes()).unwrap()
        };
        records.iter().map(record).collect()
    }

    fn process_of_web<'a>(text: &str, live: &'a [Record]) -> Option<&'a str> {
        process_of(&Definition::parse("web", text.as_bytes()), live).map(Record::name)
    }

    #[test]
    fn the_declared_port_decides_before_the_bare_name() {
        let live = live(&[("web", 0, None), ("web-80", 1, None), ("web-81", 2, None)]);
        assert_eq!(process_of_web("TSM_PORT=81", &live), Some("web-81"));
        assert_eq!(process_of_web("TSM_PORT=82", &live), Some("web"));
        assert_eq!(process_of_web("", &live), Some("web"));
    }

    #[test]
    fn otherwise_the_lowest_id_that_belongs_to_it() {
        let live =
            live(&[("other", 1, Some("web")), ("web-5", 3, None), ("web-x", 0, None), ("webs", 2, None)]);
        assert_eq!(process_of_web("", &live), Some("other"));
    }

    #[test]
    fn the_name_in_the_file_comes_second() {
        let live = live(&[("site-80", 0, None), ("site", 1, None)]);
        assert_eq!(process_of_web("TSM_NAME=site TSM_PORT=80", &live), Some("site-80"));
        assert_eq!(process_of_web("TSM_NAME=", &live), None);
    }
}

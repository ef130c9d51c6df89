//! Where processes are logged.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::layout::{Layout, Stream};
use crate::migrate::look::Look;
use crate::migrate::place::Place;
use crate::migrate::plan::candidate::Candidate;

/// Where the streams of each process are logged after the migration.
#[derive(Debug)]
pub(in crate::migrate::plan) struct LogPaths {
    layout: Layout,
    /// Logs that cannot be moved, by process and file name.
    staying: BTreeMap<(String, String), Place>,
}

impl LogPaths {
    /// All in the new places.
    pub(super) fn new(layout: &Layout) -> Self {
        Self { layout: layout.clone(), staying: BTreeMap::new() }
    }

    /// That file stays where it is.
    pub(super) fn stays(&mut self, name: &str, target: &str, place: &Place) {
        self.staying.insert((name.to_owned(), target.to_owned()), place.clone());
    }

    /// As they are before it.
    pub(in crate::migrate::plan) fn unchanged<'a>(
        candidates: impl Iterator<Item = &'a Candidate<'a>>,
        layout: &Layout,
        look: &Look,
    ) -> Self {
        let logs = |candidate: &Candidate<'_>| {
            let logs = candidate.found.logs(look).into_iter();
            logs.map(|log| ((candidate.name.to_owned(), log.target), log.file.place)).collect::<Vec<_>>()
        };
        Self { layout: layout.clone(), staying: candidates.flat_map(logs).collect() }
    }

    /// The member `logs` of a record.
    pub(in crate::migrate::plan) fn of(&self, name: &str) -> Value {
        json!({ "out": self.path(name, Stream::Out), "err": self.path(name, Stream::Err) })
    }

    fn path(&self, name: &str, stream: Stream) -> String {
        let key = (name.to_owned(), format!("current.{}", stream.name()));
        let staying = self
            .staying
            .get(&key)
            .and_then(|place| self.layout.tetra().join(place.path()).into_os_string().into_string().ok());
        staying.unwrap_or_else(|| self.layout.current_log(name, stream))
    }
}

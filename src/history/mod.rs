//! What happened: `db/events/YYYY-MM-DD.jsonl`, one JSON object a line, days in UTC. Never live state.

mod event;

pub use event::{Event, EventKind};

//! What a migration did, or would do: data for the one who prints it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::place::Place;
use super::verdict::{Code, Refusal};

/// Everything that came of looking at an installation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Old records that became, or were joined to, a JSON record; by name.
    pub converted: Vec<Converted>,
    /// Ended instances that went to `db/history`; by name.
    pub history: Vec<History>,
    /// What is no longer there, converted records aside.
    pub removed: Vec<Place>,
    /// What was left for a good reason.
    pub kept: Vec<Kept>,
    /// What was left because it cannot be believed.
    pub refused: Vec<Refused>,
    /// What is worth knowing.
    pub warnings: Vec<Warning>,
}

/// One process that has a JSON record now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Converted {
    /// Its name.
    pub name: String,
    /// Its id.
    pub tsm_id: i64,
    /// `online`, `stopped` or `crashed`.
    pub status: String,
    /// The pid in its record.
    pub pid: Option<i32>,
    /// The old record.
    pub from: Place,
    /// The new one.
    pub to: Place,
}

/// Ended runs of one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The name.
    pub name: String,
    /// How many.
    pub instances: usize,
}

/// One item that was left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What.
    pub path: Place,
    /// `in use`, `exists`…
    pub reason: String,
}

/// One item that is left because it cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What.
    pub path: Place,
    /// One of the names of [`Refusal`].
    pub reason: String,
}

/// One thing worth knowing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// About what.
    pub path: Place,
    /// One of the names of [`Code`].
    pub code: String,
    /// Which member, which other record…; may be empty.
    pub detail: String,
}

impl Report {
    /// Notes something worth knowing.
    pub fn warn(&mut self, path: &Place, code: Code, detail: impl Into<String>) {
        self.warnings.push(Warning { path: path.clone(), code: code.name().into(), detail: detail.into() });
    }

    /// Notes what is left alone.
    pub fn refuse(&mut self, path: &Place, refusal: Refusal) {
        let refused = Refused { path: path.clone(), reason: refusal.name().into() };
        if !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }

    /// Notes what stays.
    pub fn keep(&mut self, path: &Place, reason: &str) {
        self.kept.push(Kept { path: path.clone(), reason: reason.into() });
    }

    /// Old records that became history: ended instances and superseded ones.
    pub fn to_history(&self) -> usize {
        self.history.iter().map(|history| history.instances).sum()
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What a further round of the same migration did. What is left is what it has left.
    pub fn extend(&mut self, later: Self) {
        self.converted.extend(later.converted);
        self.history.extend(later.history);
        self.removed.extend(later.removed);
        self.warnings.extend(later.warnings);
        self.kept = later.kept;
        self.refused = later.refused;
        self.sort();
    }

    /// Every list in the order that it is shown in, whatever order it was made in.
    pub fn sort(&mut self) {
        self.converted.sort_by(|one, other| one.name.cmp(&other.name));
        self.history.sort_by(|one, other| one.name.cmp(&other.name));
        self.removed.sort();
        self.kept.sort_by(|one, other| one.path.cmp(&other.path));
        self.refused.sort_by(|one, other| one.path.cmp(&other.path));
        self.warnings.sort_by(|one, other| one.path.cmp(&other.path));
    }

    /// The lists as members of the one object that `--json` prints.
    pub fn to_json(&self) -> Map<String, Value> {
        let members = [
            ("converted", self.converted.iter().map(Converted::to_json).collect()),
            ("history", self.history.iter().map(|item| json!(item)).collect()),
            ("removed", self.removed.iter().map(removed_to_json).collect()),
            (
                "kept",
                self.kept
                    .iter()
                    .map(|item| at("path", &item.path, json!({ "reason": item.reason })))
                    .collect(),
            ),
            (
                "refused",
                self.refused
                    .iter()
                    .map(|item| at("path", &item.path, json!({ "reason": item.reason })))
                    .collect(),
            ),
            ("warnings", self.warnings.iter().map(Warning::to_json).collect::<Vec<_>>()),
        ];
        members.into_iter().map(|(name, items): (_, Vec<_>)| (name.to_owned(), items.into())).collect()
    }
}

impl Converted {
    fn to_json(&self) -> Value {
        let rest = json!({ "tsm_id": self.tsm_id, "status": self.status, "pid": self.pid });
        let mut members = Map::from_iter([("name".to_owned(), Value::from(self.name.as_str()))]);
        members.extend(object(rest));
        for (name, place) in [("from", &self.from), ("to", &self.to)] {
            members.extend(object(at(name, place, json!({}))));
        }
        members.into()
    }
}

impl Warning {
    fn to_json(&self) -> Value {
        at("path", &self.path, json!({ "code": self.code, "detail": self.detail }))
    }
}

/// A bare text where it is one.
fn removed_to_json(place: &Place) -> Value {
    place.text().map_or_else(|| at("path", place, json!({})), Value::from)
}

/// An object that begins with a place: its text, or its bytes as `NAME_hex`.
fn at(name: &str, place: &Place, rest: Value) -> Value {
    let (name, text) = match place.text() {
        Some(text) => (name.to_owned(), text.to_owned()),
        None => (format!("{name}_hex"), place.hex()),
    };
    let mut members = Map::from_iter([(name, Value::from(text))]);
    members.extend(object(rest));
    members.into()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

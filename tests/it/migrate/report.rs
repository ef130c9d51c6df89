//! What `tsm migrate --json` said.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use super::expect::Said;

/// The members that are lists.
const LISTS: [&str; 6] = ["converted", "history", "removed", "kept", "refused", "warnings"];

pub(super) struct Report {
    pub(super) code: i32,
    pub(super) json: Value,
    pub(super) output: Output,
}

impl Report {
    #[track_caller]
    pub(super) fn new(output: Output) -> Self {
        let json: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("not one JSON document ({error}): {output:?}"));
        assert!(json.is_object() && json["version"] == 1, "{json:#}");
        Self { code: output.status.code().unwrap_or(-1), json, output }
    }

    fn items(&self, list: &str) -> &[Value] {
        self.json[list].as_array().unwrap_or_else(|| panic!("{list} is no list: {:#}", self.json))
    }

    fn said(&self, list: &str, what: &str) -> Said {
        let text = |item: &Value| item[what].as_str().unwrap_or_default().to_owned();
        self.items(list).iter().map(|item| (path_of(item), text(item))).collect()
    }

    pub(super) fn refused(&self) -> Said {
        self.said("refused", "reason")
    }

    pub(super) fn warnings(&self) -> Said {
        self.said("warnings", "code")
    }

    pub(super) fn kept(&self) -> Said {
        self.said("kept", "reason")
    }

    /// What it says of each process that it converted.
    pub(super) fn converted(&self) -> BTreeMap<&str, &Value> {
        self.items("converted").iter().map(|item| (item["name"].as_str().unwrap(), item)).collect()
    }

    /// Everything that it did or would do, in an order of our own.
    pub(super) fn lists(&self) -> Value {
        let sorted = |list: &str| {
            let mut items: Vec<String> = self.items(list).iter().map(Value::to_string).collect();
            items.sort();
            items
        };
        LISTS.iter().map(|list| (list.to_string(), json!(sorted(list)))).collect()
    }

    /// Where the backup is.
    pub(super) fn backup(&self) -> Option<PathBuf> {
        self.json["backup"].as_str().map(PathBuf::from)
    }
}

/// `path`, or `path_hex` of one that is not UTF-8.
fn path_of(item: &Value) -> PathBuf {
    let Some(hex) = item["path_hex"].as_str() else {
        return item["path"].as_str().unwrap_or_default().into();
    };
    let digits = hex.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    OsString::from_vec(digits.map(byte).collect()).into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn report(json: &Value) -> Report {
        let stdout = json.to_string().into_bytes();
        Report::new(Output { status: ExitStatus::from_raw(3 << 8), stdout, stderr: Vec::new() })
    }

    #[test]
    fn lists_are_the_same_in_any_order() {
        let with = |removed: &[&str]| {
            json!({
                "version": 1, "converted": [{ "name": "web", "pid": 7 }], "history": [], "removed": removed, "kept": [],
                "refused": [{ "path_hex": "636166e9", "reason": "bad_name" }], "warnings": [], "backup": null,
            })
        };
        let one = report(&with(&["a", "b"]));
        assert_eq!(one.lists(), report(&with(&["b", "a"])).lists());
        assert_ne!(one.lists(), report(&with(&["b"])).lists());
        let odd = PathBuf::from(OsString::from_vec(b"caf\xe9".to_vec()));
        assert_eq!(one.refused(), Said::from([(odd, "bad_name".to_owned())]));
        assert_eq!((one.code, one.converted()["web"]["pid"].as_i64(), one.backup()), (3, Some(7), None));
    }
}

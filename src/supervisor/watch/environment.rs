//! The variables that every process gets from tsm.

use std::ffi::OsString;

use crate::config::PROCESS_DIR_VARIABLE;
use crate::layout::Layout;
use crate::registry::Record;

/// One variable.
type Variable = (&'static str, OsString);

/// Where the installation keeps things, which process this is, and the port of a service.
pub(super) fn variables(record: &Record, layout: &Layout) -> Vec<Variable> {
    let mut variables = vec![
        ("TSM_LOGS_DIR", layout.logs().into()),
        ("TSM_PIDS_DIR", layout.pids().into()),
        ("TSM_PROCESSES_DIR", layout.processes().into()),
        ("TSM_PORTS_DIR", layout.ports().into()),
        ("TSM_ID_FILE", layout.next_id().into()),
        (PROCESS_DIR_VARIABLE, layout.run(record.name()).path().into()),
    ];
    if let (Some(_), Some(port)) = (record.service(), record.port()) {
        variables.extend(["PORT", "TSM_PORT"].map(|name| (name, port.to_string().into())));
    }
    variables
}

/// An environment of `KEY=VALUE` entries with these variables in it, in the place of those of the same name.
pub(super) fn merge(environment: Vec<Vec<u8>>, variables: &[Variable]) -> Vec<Vec<u8>> {
    let key = |entry: &[u8]| entry.split(|byte| *byte == b'=').next().map(<[u8]>::to_vec);
    let is_replaced =
        |entry: &[u8]| key(entry).is_some_and(|key| variables.iter().any(|(name, _)| name.as_bytes() == key));
    let kept = environment.into_iter().filter(|entry| !is_replaced(entry));
    let added =
        variables.iter().map(|(name, value)| [name.as_bytes(), b"=", value.as_encoded_bytes()].concat());
    kept.chain(added).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn paths_of_the_installation_are_told() {
        let members = serde_json::json!({ "service": "web", "port": 8080 });
        let record = Record::from_members("web-1", members.as_object().unwrap().clone());
        let told = variables(&record, &Layout::new(Path::new("/t")).unwrap());
        let told: Vec<String> =
            told.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect();
        assert_eq!(
            told,
            [
                "TSM_LOGS_DIR=/t/tsm/runtime/logs",
                "TSM_PIDS_DIR=/t/tsm/runtime/pids",
                "TSM_PROCESSES_DIR=/t/tsm/runtime/processes",
                "TSM_PORTS_DIR=/t/tsm/runtime/ports",
                "TSM_ID_FILE=/t/tsm/runtime/next_id",
                "TSM_PROCESS_DIR=/t/tsm/runtime/run/web-1",
                "PORT=8080",
                "TSM_PORT=8080",
            ]
        );
    }

    #[test]
    fn variables_replace_those_of_the_same_name() {
        let entries = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect::<Vec<_>>();
        let before = entries(&["PORT=1", "PORTS=2", "A=PORT=3", "PORT=4", "odd"]);
        let after = merge(before, &[("PORT", "9".into()), ("NEW", "".into())]);
        assert_eq!(after, entries(&["PORTS=2", "A=PORT=3", "odd", "PORT=9", "NEW="]));
    }
}

//! Writing definitions.

use std::ffi::OsString;
use std::fs;
use std::io;

use crate::layout::Layout;
use crate::registry::Record;
use crate::sys::atomic;
use crate::sys::clock;

const MODE: u32 = 0o755;

/// A definition to be written.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The service's name.
    pub name: String,
    /// What it runs.
    pub command: OsString,
    /// Where.
    pub cwd: OsString,
    /// Its environment file, or nothing.
    pub env_file: OsString,
    /// The process that it is made from: name, id and declared port.
    pub process: Option<(String, i64, Option<u16>)>,
}

impl Draft {
    /// A service that is run like a process. `None`: its record does not say what it runs.
    pub fn of_process(name: &str, record: &Record) -> Option<Self> {
        let command = record.command().filter(|command| !command.is_empty())?;
        Some(Self {
            name: name.to_owned(),
            command: command.into(),
            cwd: record.cwd().unwrap_or_default().into(),
            env_file: record.env_file().unwrap_or_default().into(),
            process: Some((record.name().to_owned(), record.tsm_id(), record.port())),
        })
    }

    /// Writes the definition, in the place of one that is there.
    pub fn write(&self, layout: &Layout) -> io::Result<()> {
        fs::create_dir_all(layout.services_available())?;
        let bytes = self.to_bytes(&clock::local_date(clock::epoch()));
        atomic::replace_unlocked(&layout.service(&self.name), &bytes, MODE)
    }

    fn to_bytes(&self, date: &str) -> Vec<u8> {
        let mut text = format!("#!/usr/bin/env bash\n# TSM Service: {}\n", for_comment(&self.name));
        if let Some((process, id, _)) = &self.process {
            text += &format!("# Saved from running process: {} (TSM ID: {id})\n", for_comment(process));
        }
        text += &format!("# Generated on {date}\n\n");
        let mut bytes = text.into_bytes();
        let mut field = |name: &str, value: &[u8]| {
            bytes.extend([name.as_bytes(), b"=\"", &quoted(value), b"\"\n"].concat());
        };
        field("TSM_NAME", self.name.as_bytes());
        field("TSM_COMMAND", self.command.as_encoded_bytes());
        field("TSM_CWD", self.cwd.as_encoded_bytes());
        field("TSM_ENV_FILE", self.env_file.as_encoded_bytes());
        if let Some((.., port)) = &self.process {
            field("TSM_PORT", port.map_or_else(String::new, |port| port.to_string()).as_bytes());
        }
        bytes
    }
}

/// Nothing in it can begin a line of its own.
fn for_comment(text: &str) -> String {
    text.replace(char::is_control, "?")
}

/// For inside double quotes.
fn quoted(value: &[u8]) -> Vec<u8> {
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'"' | b'$' | b'`');
    let escaped = value.iter().map(|byte| if is_special(byte) { vec![b'\\', *byte] } else { vec![*byte] });
    escaped.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::services::{Definition, Field};

    #[test]
    fn the_form_is_that_of_the_bash_tool() {
        let mut draft = Draft {
            name: "web".into(),
            command: "python3 -m http.server \"$PORT\"".into(),
            cwd: "/srv".into(),
            ..Draft::default()
        };
        let text = |draft: &Draft| String::from_utf8(draft.to_bytes("DATE")).unwrap();
        insta::assert_snapshot!(text(&draft), @r#"
        #!/usr/bin/env bash
        # TSM Service: web
        # Generated on DATE

        TSM_NAME="web"
        TSM_COMMAND="python3 -m http.server \"\$PORT\""
        TSM_CWD="/srv"
        TSM_ENV_FILE=""
        "#);
        draft.process = Some(("we\nb-80".into(), 3, Some(80)));
        draft.env_file = "dev.env".into();
        insta::assert_snapshot!(text(&draft), @r#"
        #!/usr/bin/env bash
        # TSM Service: web
        # Saved from running process: we?b-80 (TSM ID: 3)
        # Generated on DATE

        TSM_NAME="web"
        TSM_COMMAND="python3 -m http.server \"\$PORT\""
        TSM_CWD="/srv"
        TSM_ENV_FILE="dev.env"
        TSM_PORT="80"
        "#);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(command in "[^\0]*", cwd in "[^\0]*", env_file in "[^\0]*") {
            let draft = Draft {
                name: "web".into(),
                command: command.clone().into(),
                cwd: cwd.clone().into(),
                env_file: env_file.clone().into(),
                process: None,
            };
            let bytes = draft.to_bytes("DATE");
            let definition = Definition::parse("web", &bytes);
            let values = [Field::Command, Field::Cwd, Field::EnvFile].map(|field| definition.value(field));
            // A reader takes a newline after a carriage return for one newline.
            let read = |text: &str| text.replace("\r\n", "\n");
            prop_assert_eq!(values, [&read(&command), &read(&cwd), &read(&env_file)]);
        }
    }
}

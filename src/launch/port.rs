//! The port that a process is declared to listen on.

use std::ffi::OsString;

use crate::error::{Error, Result};

/// What announces a port in a command.
const PREFIXES: [&[u8]; 5] = [b":", b"--port", b"-p", b"PORT=", b" "];

/// What `--port` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// Nothing: the port is looked for.
    Unsaid,
    /// That there is none.
    Without,
    /// Which it is.
    Port(u16),
}

/// Reads the value of `--port`: a number or `none`.
pub(super) fn declared(value: Option<&OsString>) -> Result<Declared> {
    let Some(value) = value else {
        return Ok(Declared::Unsaid);
    };
    if value == "none" {
        return Ok(Declared::Without);
    }
    let port = value.to_str().and_then(parse);
    port.map(Declared::Port).ok_or_else(|| Error::InvalidPort(value.to_string_lossy().into_owned()))
}

/// The port that [`digits_in`] finds in a command, if it is one.
pub(super) fn in_command(command: &str) -> Option<u16> {
    parse(digits_in(command)?)
}

/// The first four or five digits of a command that directly follow a prefix.
pub fn digits_in(command: &str) -> Option<&str> {
    suffixes(command.as_bytes()).find_map(|rest| {
        PREFIXES.iter().filter_map(|prefix| rest.strip_prefix(*prefix)).find_map(leading_digits)
    })
}

/// The first four or five digits of an env file's line, if they are a port.
pub(super) fn in_line(line: &[u8]) -> Option<u16> {
    parse(digits_in_line(line)?)
}

/// The first four or five digits of a line.
pub(super) fn digits_in_line(line: &[u8]) -> Option<&str> {
    suffixes(line).find_map(leading_digits)
}

/// Decimal 1..65535 without leading zero.
pub fn parse(text: &str) -> Option<u16> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// At most five digits at the start, if there are four or more.
fn leading_digits(text: &[u8]) -> Option<&str> {
    let count = text.iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let digits = text.get(..count).filter(|digits| digits.len() >= 4)?;
    str::from_utf8(digits).ok()
}

fn suffixes(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..bytes.len()).filter_map(|start| bytes.get(start..))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    #[test]
    fn option_is_a_number_or_none() {
        let declared = |text: &str| declared(Some(&text.into()));
        assert_eq!(declared("1").unwrap(), Declared::Port(1));
        assert_eq!(declared("65535").unwrap(), Declared::Port(65535));
        assert_eq!(declared("none").unwrap(), Declared::Without);
        assert_eq!(super::declared(None).unwrap(), Declared::Unsaid);
        for bad in ["0", "65536", "abc", "080", "+80", "-1", " 80", "80 ", "8e3", "None", "٣٣٣٣"] {
            let error = declared(bad).unwrap_err();
            assert_eq!((error.to_string(), error.code()), (format!("tsm: invalid port '{bad}'"), 64));
        }
    }

    #[test]
    fn first_prefixed_digits_of_a_command_are_its_port() {
        for (command, port) in [
            ("sleep 300", None),
            ("sleep 10000", Some(10_000)),
            ("sleep 1000000", Some(10_000)),
            ("python3 -c 'x' -p8123 4321", Some(8123)),
            ("python3 -c 'x' PORT=8124", Some(8124)),
            ("python3 -c 'x' http://localhost:8125/", Some(8125)),
            ("python3 -c 'x' x8126", None),
            ("serve --port8127", Some(8127)),
            ("serve --port=8128", None),
            ("8129", None),
            ("serve\t8130", None),
            ("sleep 99999 :8131", None),
            ("sleep 0123 :8132", None),
            ("a 123 :8133", Some(8133)),
            ("", None),
        ] {
            assert_eq!(in_command(command), port, "{command:?}");
        }
    }

    #[test]
    fn first_long_enough_digits_of_a_line_are_its_port() {
        for (line, port) in [
            ("export PORT=${X:-5006}", Some(5006)),
            ("export PORT=80", None),
            ("export PORT=80 # not 9000", Some(9000)),
            ("export PORT=123456789", Some(12_345)),
            ("export PORT=99999 8000", None),
            ("export PORT=08000", None),
        ] {
            assert_eq!(in_line(line.as_bytes()), port, "{line:?}");
        }
    }

    #[test]
    fn command_rule_is_the_regular_expression_of_the_reference() {
        let inputs = testing::samples("([ :=x-]|-p|--port|PORT=|[0-9]{1,3}|0|6553){0,8}", 400);
        let script = r#"re='(:|--port|-p|PORT=| )([0-9]{4,5})'; m=; [[ $t =~ $re ]] && m=${BASH_REMATCH[2]}"#;
        for (input, digits) in inputs.iter().zip(testing::bash_says(script, &inputs)) {
            assert_eq!(in_command(input), parse(&digits), "{input:?}");
        }
    }

    #[test]
    fn line_rule_is_what_grep_finds() {
        let inputs = testing::samples("([:=x$-]|[0-9]{1,3}|0|6553){0,8}", 60);
        let script = r#"m=$(printf '%s\n' "$t" | grep -oE '[0-9]{4,5}' | head -n 1)"#;
        for (input, digits) in inputs.iter().zip(testing::bash_says(script, &inputs)) {
            assert_eq!(in_line(input.as_bytes()), parse(&digits), "{input:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text: String, bytes: Vec<u8>) {
            prop_assert_ne!(in_command(&text), Some(0));
            prop_assert_ne!(in_line(&bytes), Some(0));
        }
    }
}

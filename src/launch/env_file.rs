//! The environment file of a start: which one is meant, and the port it declares.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use super::port;

/// What `--env` stands for: a short name is a file in `env/`, everything else is a path.
pub fn expand(value: &OsStr) -> OsString {
    let bytes = value.as_encoded_bytes();
    if bytes.contains(&b'/') || bytes.ends_with(b".env") {
        return value.to_owned();
    }
    let mut path = OsString::from("env/");
    path.push(value);
    path.push(".env");
    path
}

/// The port that the file's first declaration names. Only regular files are read: a fifo would wait for ever.
pub(super) fn port(path: &Path) -> Option<u16> {
    port::in_line(&declaration(path)?)
}

/// The first four or five digits of that declaration, whether or not they are a port.
pub fn digits(path: &Path) -> Option<String> {
    port::digits_in_line(&declaration(path)?).map(str::to_owned)
}

fn declaration(path: &Path) -> Option<Vec<u8>> {
    if !path.is_file() {
        return None;
    }
    let lines = BufReader::new(File::open(path).ok()?).split(b'\n').map_while(Result::ok);
    lines.into_iter().find(|line| declares_port(line))
}

fn declares_port(line: &[u8]) -> bool {
    line.starts_with(b"export PORT=") || line.starts_with(b"export TETRA_PORT=")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing;

    #[test]
    fn short_names_are_files_in_env() {
        for (given, path) in [
            ("dev", "env/dev.env"),
            ("dev.env", "dev.env"),
            (".env", ".env"),
            ("./dev", "./dev"),
            ("dev/", "dev/"),
            ("a b", "env/a b.env"),
            ("..", "env/...env"),
            ("x.ENV", "env/x.ENV.env"),
        ] {
            assert_eq!(expand(given.as_ref()), path, "{given:?}");
        }
    }

    #[test]
    fn first_exported_port_line_decides() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("x.env");
        for (text, expected) in [
            ("TETRA_PORT=5001\nexport  PORT=5002\n", None),
            ("export TETRA_PORT=\"5003\"\nexport PORT=5004\n", Some(5003)),
            ("export PORT=80\nexport PORT=5005\n", None),
            ("export PORT=${X:-5006}\n", Some(5006)),
            (" export PORT=5007\nexport PORTS=5008\nexport PORT=5009", Some(5009)),
            ("export PORT=\r\n", None),
            ("", None),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(port(&file), expected, "{text:?}");
        }
        fs::write(&file, b"\xff\xfe\nexport PORT='5010\xff'\n").unwrap();
        assert_eq!(port(&file), Some(5010));
    }

    #[test]
    fn what_is_no_regular_file_is_not_read() {
        let temp = tempfile::tempdir().unwrap();
        let fifo = temp.path().join("fifo");
        crate::sys::fifo::make(&fifo).unwrap();
        assert_eq!(port(&fifo), None);
        assert_eq!(port(temp.path()), None);
        assert_eq!(port(&temp.path().join("missing")), None);
    }

    #[test]
    fn line_is_the_one_that_grep_finds() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("x.env");
        let inputs = testing::samples("((# )?(export ){0,2} ?(TETRA_)?PORTS?=[0-9a]{0,6}\n){0,4}", 60);
        let script = r#"m=$(printf '%s' "$t" | grep -E '^export (PORT|TETRA_PORT)=' | head -n 1)
            m=$(printf '%s\n' "$m" | grep -oE '[0-9]{4,5}' | head -n 1)"#;
        for (input, digits) in inputs.iter().zip(testing::bash_says(script, &inputs)) {
            fs::write(&file, input).unwrap();
            let expected = digits.parse::<u16>().ok().filter(|_| !digits.starts_with('0'));
            assert_eq!(port(&file), expected, "{input:?}");
        }
    }
}

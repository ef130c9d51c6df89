//! The name that a process gets.

use super::kind::{file_name, first_word};

/// The name that a command suggests: its program, without `.sh`.
pub fn base(command: &str) -> &str {
    let file = file_name(first_word(command));
    file.strip_suffix(".sh").unwrap_or(file)
}

/// A base with what tells it apart: its port, else the second it was started in.
pub fn full(base: &str, port: Option<u16>, epoch: i64) -> String {
    match port {
        Some(port) => format!("{base}-{port}"),
        None => format!("{base}-{epoch}"),
    }
}

/// The base of a full name; another name is its own.
pub fn without_number(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((base, digits)) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            base
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_is_the_program_without_its_directories() {
        for (command, name) in [
            ("sleep 300", "sleep"),
            ("./bin/serve.sh -v", "serve"),
            ("a.sh.sh", "a.sh"),
            ("/opt/x/app.py", "app.py"),
            ("bash -c 'x/y'", "bash"),
            ("  spaced out", "spaced"),
            (".sh", ""),
            ("dir/", ""),
            ("", ""),
        ] {
            assert_eq!(base(command), name, "{command:?}");
        }
    }

    #[test]
    fn port_or_else_the_epoch_follows_the_base() {
        assert_eq!(full("web", Some(7771), 9), "web-7771");
        assert_eq!(full("web", None, 1_795_384_771), "web-1795384771");
    }

    #[test]
    fn only_a_number_at_the_end_is_no_part_of_the_base() {
        for (name, base) in
            [("web-80", "web"), ("a-1-2", "a-1"), ("web", "web"), ("web-", "web-"), ("a-x1", "a-x1")]
        {
            assert_eq!(without_number(name), base);
        }
    }
}

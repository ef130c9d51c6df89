//! `NAME.env`, the environment of a start. Its first line alone is the writer's own: any other can be part of a value.

/// The environment file that a process was started with.
pub fn env_file(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok().filter(|line| !line.contains('\0'))?;
    let path = line.strip_prefix("TSM_ENV_FILE=\"")?.strip_suffix('"')?;
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::env_file;

    #[test]
    fn the_first_line_alone_counts() {
        let text = "TSM_ENV_FILE=\"/srv/w \"x/local.env\"\nMULTI=a\nTSM_ENV_FILE=\"/etc/shadow\"\n";
        assert_eq!(env_file(text.as_bytes()).as_deref(), Some("/srv/w \"x/local.env"));
        assert_eq!(env_file(b"TSM_ENV_FILE=\"a\"\nSECRET=\xff\0").as_deref(), Some("a"));
        assert_eq!(env_file(b"TSM_ENV_FILE=\"a\"").as_deref(), Some("a"));
    }

    #[test]
    fn any_other_first_line_says_nothing() {
        for text in [
            "",
            "\n",
            "TSM_ENV_FILE=\"\"\nA=1\n",
            "A=1\nTSM_ENV_FILE=\"/etc/shadow\"\n",
            " TSM_ENV_FILE=\"a\"\n",
            "TSM_ENV_FILE=a\n",
            "TSM_ENV_FILE='a'\n",
            "TSM_ENV_FILE=\"\n",
            "TSM_ENV_FILE=\"a\" \n",
            "TSM_ENV_FILE=\"a\"\r\n",
            "TSM_ENV_FILE=\"a\0\"\n",
        ] {
            assert_eq!(env_file(text.as_bytes()), None, "{text:?}");
        }
    }
}

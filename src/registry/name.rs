//! Which names a process may have.

/// 1 to 200 bytes, no `/`, no control character, no leading dot: a name is part of file names.
pub fn is_valid(name: &str) -> bool {
    const LONGEST: usize = 200;
    let printable = |byte: u8| byte >= 0x20 && byte != 0x7f && byte != b'/';
    (1..=LONGEST).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(printable)
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn names_are_file_names_without_tricks() {
        for good in ["a", "sp ace-1", "q'uote", "*", "-rf", "é", &"x".repeat(200)] {
            assert!(is_valid(good), "{good:?}");
        }
        for bad in
            ["", ".", ".hidden", "a/b", "../x", "new\nline", "nul\0", "\x1b[31m", "\x7f", &"x".repeat(201)]
        {
            assert!(!is_valid(bad), "{bad:?}");
        }
    }
}

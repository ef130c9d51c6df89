//! Which names a service may have: they are part of file names.

use crate::layout::Layout;

/// Not empty, no `/`, no control character, neither `.` nor `..`.
pub fn is_valid(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(|c: char| c == '/' || c.is_control())
}

/// Whether there is a definition of that name.
pub fn exists(name: &str, layout: &Layout) -> bool {
    is_valid(name) && layout.service(name).is_file()
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn names_are_file_names_without_tricks() {
        for good in ["web", "my app", "é", "-x", "...", ".hidden", "*", "$(x)"] {
            assert!(is_valid(good), "{good:?}");
        }
        for bad in ["", ".", "..", "a/b", "../x", "/", "a\nb", "a\0", "\x1b[31m", "\x7f"] {
            assert!(!is_valid(bad), "{bad:?}");
        }
    }
}

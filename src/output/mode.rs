//! The mode of a file.

/// As ls(1) shows it with `-l`: `-rw-r--r--`.
pub fn text(mode: u32) -> String {
    let kind = match mode & 0o170_000 {
        0o040_000 => 'd',
        0o120_000 => 'l',
        0o010_000 => 'p',
        0o140_000 => 's',
        0o020_000 => 'c',
        0o060_000 => 'b',
        _ => '-',
    };
    let classes = [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')];
    std::iter::once(kind).chain(classes.into_iter().flat_map(|class| triple(mode, class))).collect()
}

/// The letters of one class: where its bits begin, and what its special bit makes of an `x`.
fn triple(mode: u32, (shift, special_bit, special): (u32, u32, char)) -> [char; 3] {
    let has = |bit: u32| mode >> shift & bit != 0;
    let execute = match (has(1), mode & special_bit != 0) {
        (false, false) => '-',
        (true, false) => 'x',
        (true, true) => special,
        (false, true) => special.to_ascii_uppercase(),
    };
    [if has(4) { 'r' } else { '-' }, if has(2) { 'w' } else { '-' }, execute]
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn modes_are_those_of_ls() {
        let shown = [0o100_644, 0o040_755, 0o120_777, 0o104_711, 0o102_640, 0o041_777, 0o041_776].map(text);
        assert_eq!(
            shown,
            [
                "-rw-r--r--",
                "drwxr-xr-x",
                "lrwxrwxrwx",
                "-rws--x--x",
                "-rw-r-S---",
                "drwxrwxrwt",
                "drwxrwxrwT"
            ]
        );
    }
}

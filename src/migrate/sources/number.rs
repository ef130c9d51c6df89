//! The numbers of records: digits alone, each kind within its bounds.

use std::str::FromStr;

const DAY: i64 = 86_400;

/// The highest pid that a kernel gives out.
const LAST_PID: i32 = 4_194_304;

/// Whether a text where a number belongs could do something in a shell.
pub(super) fn is_hostile(text: &str) -> bool {
    text.contains(['$', '`', ';', '&', '|', '(', ')', '<', '>', '{', '}', '[', ']', '\\'])
}

/// 2 to 4194304: 0 and 1 are never a process of ours.
pub(super) fn pid(text: &str) -> Option<i32> {
    plain(text).filter(|pid| (2..=LAST_PID).contains(pid))
}

/// 1 to 65535.
pub(super) fn port(text: &str) -> Option<u16> {
    plain(text).filter(|port| *port > 0)
}

/// 0 to 4294967295.
pub(super) fn id(text: &str) -> Option<u32> {
    plain(text)
}

/// How often something happened.
pub(super) fn count(text: &str) -> Option<u64> {
    plain(text)
}

/// Epoch seconds, not later than a day from now.
pub(super) fn time(text: &str, now: i64) -> Option<i64> {
    plain(text).filter(|time| (1..=now.saturating_add(DAY)).contains(time))
}

/// `0`, or digits that begin with another one.
fn plain<T: FromStr>(text: &str) -> Option<T> {
    let is_plain = text == "0" || !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pids_are_digits_within_bounds() {
        assert_eq!((pid("2"), pid("4194304")), (Some(2), Some(4_194_304)));
        for bad in
            ["", "0", "1", "-1", "4194305", "99999999999999999999", "12 34", "0x10", "+5", "007", "5 ", "५"]
        {
            assert_eq!(pid(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn each_kind_has_its_bounds() {
        assert_eq!(
            (port("1"), port("65535"), port("0"), port("65536"), port("70000")),
            (Some(1), Some(65535), None, None, None)
        );
        assert_eq!(
            (id("0"), id("4294967295"), id("4294967296"), id("-4")),
            (Some(0), Some(u32::MAX), None, None)
        );
        assert_eq!(
            (time("1", 0), time("86400", 0), time("86401", 0), time("0", 9)),
            (Some(1), Some(86_400), None, None)
        );
        assert_eq!((count("0"), count("18446744073709551615"), count("00")), (Some(0), Some(u64::MAX), None));
    }

    #[test]
    fn what_a_shell_would_run_is_hostile() {
        for text in "$`;&|()<>{}[]\\".chars().map(|bad| format!("1{bad}")) {
            assert!(is_hostile(&text), "{text}");
        }
        assert!(!is_hostile("12 34 -x +5 none '\"#*?!~%"));
    }
}

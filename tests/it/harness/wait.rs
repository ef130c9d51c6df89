//! Waiting: always for a condition, never for a time. The one sleep of the tests is here.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything that works takes, on the slowest machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

const PACE: Duration = Duration::from_millis(5);

/// Returns when the condition holds; fails, and says what was awaited, when it still does not after 20 s.
#[track_caller]
pub(crate) fn wait_until(what: impl Display, condition: impl FnMut() -> bool) {
    assert!(holds_within(PATIENCE, condition), "waited {} s in vain until {what}", PATIENCE.as_secs());
}

/// As [`wait_until`], for a value that is not there yet.
#[track_caller]
pub(crate) fn wait_for<T>(what: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    let mut found = None;
    wait_until(what, || {
        found = look();
        found.is_some()
    });
    found.unwrap()
}

/// Whether the condition comes true in time.
pub(super) fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(PACE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_condition() {
        let mut looks = 0;
        let third = wait_for("the third look", || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(third, 3);
    }

    #[test]
    fn waiting_in_vain_ends_too() {
        assert!(!holds_within(Duration::ZERO, || false));
    }
}

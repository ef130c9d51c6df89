//! How long something has been going on, in one unit.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Shown for a time that is not known, and for what does not run.
pub const UNKNOWN: &str = "-";

/// The time since `start` in seconds, minutes, hours or days, whole ones.
pub fn uptime(start: Option<i64>, now: i64) -> String {
    match elapsed(start, now) {
        Some(seconds) if seconds >= DAY => format!("{}d", seconds / DAY),
        elapsed => below_days(elapsed),
    }
}

/// The same, but hours grow without end.
pub fn uptime_in_hours(start: Option<i64>, now: i64) -> String {
    below_days(elapsed(start, now))
}

fn elapsed(start: Option<i64>, now: i64) -> Option<i64> {
    start.map(|start| now.saturating_sub(start).max(0))
}

fn below_days(seconds: Option<i64>) -> String {
    match seconds {
        None => UNKNOWN.to_owned(),
        Some(seconds) if seconds < MINUTE => format!("{seconds}s"),
        Some(seconds) if seconds < HOUR => format!("{}m", seconds / MINUTE),
        Some(seconds) => format!("{}h", seconds / HOUR),
    }
}

#[cfg(test)]
mod tests {
    use super::{uptime, uptime_in_hours};

    #[test]
    fn the_largest_whole_unit_is_shown() {
        let after = |seconds: i64| uptime(Some(1000), 1000 + seconds);
        let shown = [0, 59, 60, 3599, 3600, 86_399, 86_400, 200_000].map(after);
        assert_eq!(shown, ["0s", "59s", "1m", "59m", "1h", "23h", "1d", "2d"]);
        assert_eq!(uptime_in_hours(Some(0), 200_000), "55h");
    }

    #[test]
    fn a_start_in_the_future_is_now() {
        assert_eq!(uptime(Some(2000), 1000), "0s");
        assert_eq!(uptime_in_hours(Some(i64::MIN), i64::MAX), format!("{}h", i64::MAX / 3600));
    }

    #[test]
    fn an_unknown_start_is_a_dash() {
        assert_eq!((uptime(None, 5), uptime_in_hours(None, 5)), ("-".to_owned(), "-".to_owned()));
    }
}

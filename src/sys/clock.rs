//! The wall clock, in whole seconds, as UTC dates and times, and as local time.

use std::ffi::CStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since the epoch, with their fraction.
pub fn now() -> f64 {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the clock")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

/// Whole seconds since the epoch.
#[expect(clippy::cast_possible_truncation, reason = "seconds fit for the next 292 billion years")]
pub fn epoch() -> i64 {
    now() as i64
}

/// Seconds since the machine was started, with their fraction: the clock of the kernel's start stamps.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds of a second fit")]
pub fn since_boot() -> f64 {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_BOOTTIME;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes one timespec, to a place that outlives the call.
    unsafe { libc::clock_gettime(CLOCK, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// `YYYY-MM-DD` of an epoch second in UTC (the proleptic Gregorian calendar, counted in 400-year eras).
pub fn utc_date(epoch: i64) -> String {
    let days = epoch.div_euclid(86_400) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `YYYY-MM-DDTHH:MM:SSZ` of an epoch second.
pub fn utc_time(epoch: i64) -> String {
    let second = epoch.rem_euclid(86_400);
    format!("{}T{:02}:{:02}:{:02}Z", utc_date(epoch), second / 3_600, second / 60 % 60, second % 60)
}

/// An epoch second in local time, as date(1) writes it without a locale: `Sun Nov 22 21:50:46 UTC 2026`.
pub fn local_date(epoch: i64) -> String {
    local(epoch, c"%a %b %e %H:%M:%S %Z %Y").unwrap_or_default()
}

/// The same in short: `Nov  3 14:05:09 2026`.
pub fn local_time(epoch: i64) -> Option<String> {
    local(epoch, c"%b %e %T %Y")
}

/// strftime(3) in the C locale. `None`: no calendar has that second.
#[allow(clippy::useless_conversion, reason = "other systems count seconds in another width")]
fn local(epoch: i64, format: &CStr) -> Option<String> {
    let seconds = epoch.try_into().ok()?;
    // SAFETY: tm is a plain struct of integers and a pointer, for which all zeroes is a value.
    let mut parts: libc::tm = unsafe { std::mem::zeroed() };
    let mut text = [0; 64];
    // SAFETY: reads one time_t and writes one tm, both of which outlive the call.
    let done = unsafe { libc::localtime_r(&raw const seconds, &raw mut parts) };
    if done.is_null() {
        return None;
    }
    // SAFETY: writes at most the given length; format and parts are valid, the locale is the C locale.
    let length =
        unsafe { libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), &raw const parts) };
    Some(String::from_utf8_lossy(text.get(..length)?).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{local_date, utc_date, utc_time};

    #[test]
    fn times_are_of_the_same_day() {
        assert_eq!(utc_time(1_798_761_599), "2026-12-31T23:59:59Z");
        assert_eq!(utc_time(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn local_dates_are_those_of_date() {
        for epoch in [0, 951_782_399, 1_795_384_771] {
            let output = std::process::Command::new("date")
                .args(["-d", &format!("@{epoch}"), "+%a %b %e %H:%M:%S %Z %Y"])
                .env("LC_ALL", "C")
                .output()
                .unwrap();
            assert_eq!(format!("{}\n", local_date(epoch)), String::from_utf8(output.stdout).unwrap());
        }
    }

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(utc_date(0), "1970-01-01");
        assert_eq!(utc_date(951_782_399), "2000-02-28");
        assert_eq!(utc_date(951_782_400), "2000-02-29");
        assert_eq!(utc_date(1_798_761_599), "2026-12-31");
        assert_eq!(utc_date(-1), "1969-12-31");
    }
}

//! Picking a free port of a range.

use std::ops::RangeInclusive;

/// How a port is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// The first that is free.
    Sequential,
    /// Any, if one of a hundred is free.
    Random,
}

impl Strategy {
    /// By its name in the file; the empty one is the default.
    pub(super) fn named(word: &str) -> Option<Self> {
        match word {
            "" | "sequential" => Some(Self::Sequential),
            "random" => Some(Self::Random),
            _ => None,
        }
    }

    pub(super) fn pick(self, range: RangeInclusive<u16>, is_free: impl Fn(u16) -> bool) -> Option<u16> {
        const TRIES: usize = 100;
        match self {
            Self::Sequential => range.into_iter().find(|port| is_free(*port)),
            Self::Random if range.is_empty() => None,
            Self::Random => (0..TRIES).map(|_| fastrand::u16(range.clone())).find(|port| is_free(*port)),
        }
    }
}

/// The ports of `MIN-MAX`; `None` if it is not written so.
pub(super) fn bounds(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse().unwrap_or(u32::MAX))
    };
    let (first, last) = (number(first)?, number(last)?);
    let Ok(first) = u16::try_from(first.max(1)) else {
        #[expect(clippy::reversed_empty_ranges, reason = "no port is as high as that")]
        return Some(1..=0);
    };
    Some(first..=u16::try_from(last).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_two_numbers() {
        assert_eq!(bounds("3000-3999"), Some(3000..=3999));
        assert_eq!(bounds("0-99999999999"), Some(1..=65535));
        assert!(bounds("70000-80000").unwrap().is_empty() && bounds("5-4").unwrap().is_empty());
        for bad in ["5000", "a-b", "-5", "5-", "1-2-3", " 1-2", "+1-2", ""] {
            assert_eq!(bounds(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn only_what_is_free_is_picked() {
        let odd = |port: u16| port % 2 == 1;
        assert_eq!(Strategy::Sequential.pick(4..=9, odd), Some(5));
        assert_eq!(Strategy::Sequential.pick(4..=4, odd), None);
        assert!(Strategy::Random.pick(4..=9, odd).is_some_and(odd));
        assert_eq!(Strategy::Random.pick(4..=4, odd), None);
        #[expect(clippy::reversed_empty_ranges, reason = "what MIN above MAX means")]
        let empty = 5..=4;
        assert_eq!(Strategy::Random.pick(empty, odd), None);
    }
}

//! Where, in a line of assignments, a value can end: found once, however many readings are tried.

use std::collections::HashMap;

/// Places in ascending order.
#[derive(Debug, Default)]
struct Places(Vec<usize>);

impl Places {
    fn from(&self, from: usize) -> Option<usize> {
        self.0.get(self.0.partition_point(|place| *place < from)).copied()
    }
}

/// The blanks of a line and what stands beside them.
#[derive(Debug)]
pub(super) struct Marks {
    blanks: Places,
    before_key: HashMap<&'static str, Places>,
    /// Only the blanks that a quote precedes.
    quoted: HashMap<&'static str, Places>,
    /// After the last quote that nothing which may follow a quote inside of a path follows.
    broken: usize,
}

impl Marks {
    pub(super) fn of(line: &str, keys: &[&'static str]) -> Self {
        let mut marks = Self {
            blanks: Places::default(),
            before_key: HashMap::new(),
            quoted: HashMap::new(),
            broken: last_break(line),
        };
        for (place, _) in line.match_indices(' ') {
            marks.blanks.0.push(place);
            let (before, after) = line.split_at(place);
            if let Some(key) = keys.iter().find(|key| starts_with_key(after, key)) {
                marks.before_key.entry(key).or_default().0.push(place);
                if before.ends_with('\'') {
                    marks.quoted.entry(key).or_default().0.push(place);
                }
            }
        }
        marks
    }

    /// Every blank before `key=`.
    pub(super) fn all_before(&self, key: &str) -> &[usize] {
        self.before_key.get(key).map_or(&[], |places| &places.0)
    }

    /// The first blank from here on.
    pub(super) fn blank(&self, from: usize) -> Option<usize> {
        self.blanks.from(from)
    }

    /// The first blank from here on that `key=` follows.
    pub(super) fn before(&self, key: &str, from: usize) -> Option<usize> {
        self.before_key.get(key)?.from(from)
    }

    /// Likewise, with a quote before it.
    pub(super) fn quote_before(&self, key: &str, from: usize) -> Option<usize> {
        self.quoted.get(key)?.from(from)
    }

    /// Whether a quoted value that begins here can have lost its end: what quotes it holds are apostrophes.
    pub(super) fn is_open(&self, from: usize) -> bool {
        self.broken <= from
    }
}

/// Whether a text is ` KEY=…`.
pub(super) fn starts_with_key(text: &str, key: &str) -> bool {
    let rest = text.strip_prefix(' ').and_then(|rest| rest.strip_prefix(key));
    rest.is_some_and(|rest| rest.starts_with('='))
}

fn last_break(line: &str) -> usize {
    let breaks =
        |after: &str| after.chars().next().is_some_and(|next| !next.is_alphanumeric() && next != '/');
    let mut quotes = line.rmatch_indices('\'').map(|(place, _)| line.split_at(place + 1));
    quotes.find(|(_, after)| breaks(after)).map_or(0, |(before, _)| before.len())
}

//! A bar for work that takes long enough to make one wonder. On a terminal only.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Nobody wonders earlier.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far some work has come.
#[derive(Debug)]
pub(crate) struct Bar {
    began: Instant,
    is_terminal: bool,
    shown: Option<ProgressBar>,
}

impl Bar {
    /// Nothing is shown yet.
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), is_terminal: io::stderr().is_terminal(), shown: None }
    }

    /// So much is done of so much.
    pub(crate) fn update(&mut self, done: usize, total: usize) {
        if self.is_terminal && self.began.elapsed() > PATIENCE {
            let bar = self.shown.get_or_insert_with(|| ProgressBar::new(0).with_style(style()));
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        }
    }

    /// Nothing of it stays.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.shown.take() {
            bar.finish_and_clear();
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

//! The words of a command line, read one by one as the shell's `shift` does.

use std::collections::VecDeque;
use std::ffi::OsString;

/// What is left of the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(VecDeque<OsString>);

impl Words {
    pub(crate) fn new(words: impl IntoIterator<Item = OsString>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Takes the next word as text. What is not UTF-8 in it becomes U+FFFD, which is in no option and no command.
    pub(crate) fn shift(&mut self) -> Option<String> {
        self.shift_raw().map(|word| word.to_string_lossy().into_owned())
    }

    /// All that are left.
    pub(crate) fn rest(self) -> Vec<OsString> {
        self.0.into()
    }

    /// Takes the next word as it is.
    pub(crate) fn shift_raw(&mut self) -> Option<OsString> {
        self.0.pop_front()
    }
}

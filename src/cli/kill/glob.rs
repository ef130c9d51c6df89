//! Shell patterns over process names.

/// A pattern as bash reads it in a `case`: `*`, `?`, `[...]`. One that is malformed stands for itself.
pub(super) struct Pattern {
    compiled: Option<glob::Pattern>,
    text: String,
}

impl Pattern {
    /// `text` followed by `suffix`, both patterns.
    pub(super) fn with_suffix(text: &str, suffix: &str) -> Self {
        let text = format!("{text}{suffix}");
        // To bash a run of stars is one star, and ^ negates a class as ! does.
        let mut plain = text.replace("[^", "[!");
        while plain.contains("**") {
            plain = plain.replace("**", "*");
        }
        Self { compiled: glob::Pattern::new(&plain).ok(), text }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        self.compiled.as_ref().map_or_else(|| self.text == name, |pattern| pattern.matches(name))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn patterns_match_as_in_the_shell() {
        let matches = |pattern: &str, name: &str| Pattern::with_suffix(pattern, "-*").matches(name);
        assert!(matches("*", "web-1"));
        assert!(matches("web", "web-x-1"));
        assert!(matches("w?b", "wéb-1"));
        assert!(matches("[^a]eb", "web-1"));
        assert!(matches("w**b", "web-1"));
        assert!(!matches("we", "web-1"));
        assert!(!matches("web", "web"));
        assert!(!matches("", "web-1"));
    }
}

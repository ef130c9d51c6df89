//! The lines of a fixture's `expect`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use super::fixture::path_of;

/// A path and what is said of it: a reason or a code.
pub(super) type Said = BTreeSet<(PathBuf, String)>;

/// What must be so after `tsm migrate`.
#[derive(Default)]
pub(super) struct Expect {
    pub(super) exit: i32,
    /// Root must not run it.
    pub(super) ordinary_user: bool,
    /// `None`: it does not matter which.
    pub(super) refused: Option<Said>,
    pub(super) warnings: Said,
    pub(super) untouched: Vec<PathBuf>,
    pub(super) absent: Vec<PathBuf>,
    pub(super) modes: Vec<(PathBuf, u32)>,
    pub(super) texts: Vec<(PathBuf, String)>,
    /// Members of each line, by the name of the process.
    pub(super) history: BTreeMap<String, Vec<Value>>,
    pub(super) secrets: Vec<String>,
}

impl Expect {
    pub(super) fn parse(text: &str) -> Self {
        let mut expect = Self { refused: Some(Said::new()), ..Self::default() };
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or_else(|| panic!("expect {line:?}: too short"));
            expect.add(word, rest);
        }
        expect
    }

    fn add(&mut self, word: &str, rest: &str) {
        match word {
            "exit" => self.exit = rest.parse().unwrap(),
            "user" => self.ordinary_user = rest == "ordinary",
            "refused" if rest == "?" => self.refused = None,
            "refused" => self.refused.as_mut().unwrap().extend([said(rest)]),
            "warning" => self.warnings.extend([said(rest)]),
            "untouched" => self.untouched.push(path_of(rest)),
            "absent" => self.absent.push(path_of(rest)),
            "mode" => {
                let (path, mode) = said(rest);
                self.modes.push((path, u32::from_str_radix(&mode, 8).unwrap()));
            }
            "holds" => {
                let (path, text) = rest.rsplit_once(": ").unwrap();
                self.texts.push((path_of(path), serde_json::from_str(text).unwrap()));
            }
            "history" => {
                let (name, line) = rest.split_once(": ").unwrap();
                let line = serde_json::from_str(line).unwrap();
                self.history.entry(name.to_owned()).or_default().push(line);
            }
            "secret" => self.secrets.push(rest.to_owned()),
            other => panic!("expect {other} {rest}: no such line"),
        }
    }
}

/// `WORD PATH`
fn said(text: &str) -> (PathBuf, String) {
    let (word, path) = text.split_once(' ').unwrap();
    (path_of(path), word.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_line_is_read() {
        let expect = Expect::parse(
            "exit 3\nuser ordinary\nrefused bad_name a b\nwarning crlf c\nuntouched u\nabsent v w\nmode 0600 m\n\
            holds h h: \"x\\n\"\nhistory web: {\"event\": \"start\"}\nsecret p@ss word\n",
        );
        let one = |path: &str, word: &str| Said::from([(path.into(), word.to_owned())]);
        assert_eq!((expect.exit, expect.ordinary_user), (3, true));
        assert_eq!(expect.refused, Some(one("a b", "bad_name")));
        assert_eq!(expect.warnings, one("c", "crlf"));
        assert_eq!((expect.untouched, expect.absent), (vec!["u".into()], vec!["v w".into()]));
        assert_eq!(expect.modes, [("m".into(), 0o600)]);
        assert_eq!(expect.texts, [("h h".into(), "x\n".to_owned())]);
        assert_eq!(expect.history["web"], [json!({ "event": "start" })]);
        assert_eq!(expect.secrets, ["p@ss word"]);
    }

    #[test]
    fn any_refusal_may_be_right() {
        assert_eq!(Expect::parse("exit 4\nrefused ?\n").refused, None);
        assert_eq!(Expect::parse("exit 0\n").refused, Some(Said::new()));
    }
}

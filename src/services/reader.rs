//! The assignments of a file of bash, read without running it.

use std::collections::HashMap;

use super::cursor::{Cursor, is_blank};
use super::word::{self, Lookup};

/// A variable's elements; a plain one has one.
pub(super) type Variables = HashMap<String, Vec<String>>;

/// What may stand before an assignment.
const KEYWORDS: [&[u8]; 4] = [b"export", b"declare", b"readonly", b"local"];

/// Only the file itself gives a definition's own fields a value.
const OWN_PREFIX: &str = "TSM_";

/// Reads as far as the file makes sense. `environment` is what other variables start with.
pub(super) fn read(bytes: &[u8], environment: Lookup<'_>) -> Variables {
    let text = unix_text(bytes);
    Reader::new(&text, environment).read().0
}

/// Reads a file of which bash is sure to make the same: nothing but plain assignments of the definition's own fields, from
/// nothing but each other. `None`: bash must be asked.
pub(super) fn read_plain(bytes: &[u8]) -> Option<Variables> {
    if bytes.contains(&b'\r') || bytes.contains(&0) || std::str::from_utf8(bytes).is_err() {
        return None;
    }
    let (variables, is_plain) = Reader::new(bytes, &|_| None).read();
    is_plain.then_some(variables)
}

/// Without byte order mark, with plain newlines.
fn unix_text(bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let follower = bytes.iter().skip(1).map(Some).chain([None]);
    let wanted = bytes.iter().zip(follower).filter(|pair| *pair != (&b'\r', Some(&b'\n')));
    wanted.map(|(byte, _)| *byte).collect()
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    variables: Variables,
    environment: Lookup<'a>,
    /// Nothing was met so far that bash might see otherwise.
    is_plain: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8], environment: Lookup<'a>) -> Self {
        Self { cursor: Cursor::new(text), variables: Variables::new(), environment, is_plain: true }
    }

    /// The variables, and whether all of the file was plain.
    fn read(mut self) -> (Variables, bool) {
        while self.cursor.peek().is_some() {
            if self.line().is_none() {
                return (self.variables, false);
            }
        }
        (self.variables, self.is_plain)
    }

    /// The assignments a line begins with; the rest of it is passed over. `None`: a quote without end.
    fn line(&mut self) -> Option<()> {
        let (mut assignments, mut has_keyword) = (0, false);
        loop {
            self.cursor.skip_blanks();
            has_keyword |= self.skip_keyword();
            while self.assignment()? {
                assignments += 1;
                self.cursor.skip_blanks();
            }
            if !self.cursor.eat(b";") {
                break;
            }
            self.is_plain = false;
        }
        self.is_plain &= match (assignments, self.cursor.peek()) {
            (0 | 1, None | Some(b'\n')) => assignments == 1 || !has_keyword,
            (0, Some(b'#')) => !has_keyword,
            _ => false,
        };
        self.cursor.skip_line();
        Some(())
    }

    fn skip_keyword(&mut self) -> bool {
        let mut ahead = self.cursor;
        let Some(keyword) = KEYWORDS.iter().find(|word| ahead.eat(word)) else {
            return false;
        };
        if !ahead.peek().is_some_and(is_blank) {
            return false;
        }
        self.is_plain &= *keyword == b"export";
        ahead.skip_blanks();
        while ahead.peek() == Some(b'-') {
            self.is_plain = false;
            ahead.eat_while(|byte| !is_blank(byte) && byte != b'\n');
            ahead.skip_blanks();
        }
        self.cursor = ahead;
        true
    }

    /// `NAME=VALUE` or `NAME+=VALUE`, if that is what comes next.
    fn assignment(&mut self) -> Option<bool> {
        let mut ahead = self.cursor;
        let Some(name) = ahead.name() else {
            return Some(false);
        };
        let appends = ahead.eat(b"+");
        if !ahead.eat(b"=") {
            return Some(false);
        }
        self.cursor = ahead;
        let is_array = self.cursor.eat(b"(");
        let is_known = !appends || self.variables.contains_key(name);
        // A plain value for what has been an array goes into its first element.
        let is_single = is_array || self.variables.get(name).is_none_or(|old| old.len() == 1);
        self.is_plain &= is_single && is_known && name.starts_with(OWN_PREFIX);
        let old = if appends { self.elements(name) } else { Vec::new() };
        let value = if is_array { self.array(old)? } else { self.scalar(old)? };
        self.variables.insert(name.to_owned(), value);
        Some(true)
    }

    fn scalar(&mut self, mut old: Vec<String>) -> Option<Vec<String>> {
        let text = self.word()?.value;
        match old.first_mut() {
            Some(first) => first.push_str(&text),
            None => old.push(text),
        }
        Some(old)
    }

    fn array(&mut self, mut elements: Vec<String>) -> Option<Vec<String>> {
        loop {
            self.cursor.skip_blanks();
            match self.cursor.peek()? {
                b'\n' => self.cursor.skip_line(),
                b'#' => {
                    self.is_plain = false;
                    self.cursor.skip_line();
                }
                b')' => {
                    self.cursor.next();
                    return Some(elements);
                }
                b';' | b'&' | b'|' | b'<' | b'>' | b'(' => return None,
                _ => {
                    let word = self.word()?;
                    self.is_plain &= !word.has_variables;
                    elements.push(word.value);
                }
            }
        }
    }

    fn word(&mut self) -> Option<word::Read> {
        let (variables, environment) = (&self.variables, self.environment);
        let word = word::read(&mut self.cursor, &|name| value_of(name, variables, environment))?;
        self.is_plain &= word.is_plain;
        Some(word)
    }

    fn elements(&self, name: &str) -> Vec<String> {
        match self.variables.get(name) {
            Some(elements) => elements.clone(),
            None => value_of(name, &self.variables, self.environment).into_iter().collect(),
        }
    }
}

fn value_of(name: &str, variables: &Variables, environment: Lookup<'_>) -> Option<String> {
    match variables.get(name) {
        Some(elements) => elements.first().cloned(),
        None if name.starts_with(OWN_PREFIX) => None,
        None => environment(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    fn environment(name: &str) -> Option<String> {
        let value = match name {
            "HOME" => "/home/me",
            "EMPTY" => "",
            "TSM_PORT" => "1",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn elements(text: &str, name: &str) -> Vec<String> {
        read(text.as_bytes(), &environment).remove(name).unwrap_or_default()
    }

    fn value(text: &str) -> String {
        elements(text, "A").into_iter().next().unwrap_or_else(|| "(none)".to_owned())
    }

    #[test]
    fn the_last_assignment_of_a_name_wins() {
        assert_eq!(value("A=1\nA=2 # A=3\n#A=4\n  export A=5;A=6"), "6");
        assert_eq!(value("\u{feff}A=1\r\n"), "1");
        assert_eq!(value("declare -x -r A=1 B=2"), "1");
        assert_eq!(elements("declare -x A=1 B=2; local C=3", "C"), ["3"]);
        assert_eq!(value("A=1\nA+='2'\nA+=\"3\""), "123");
    }

    #[test]
    fn what_begins_with_another_word_is_passed_over() {
        assert_eq!(value("if true; then A=1; fi"), "(none)");
        assert_eq!(value("if true; then\n  A=1\nfi"), "1");
        assert_eq!(value("echo x \\\nA=1"), "(none)");
        assert_eq!(value("# x \\\nA=1"), "1");
        assert_eq!(value("A=1 frob A=2"), "1");
        assert_eq!(value("exportA=1\nA[0]=2"), "(none)");
    }

    #[test]
    fn quotes_join_and_may_span_lines() {
        assert_eq!(value("A=a'b c'\"d\\\"e\"\\ f$'\\t\\x41\\101\\u00e9'"), "ab cd\"e f\tAAé");
        assert_eq!(value("A='x\ny' B=2"), "x\ny");
        assert_eq!(value("A=\"a\\\nb\\c\"\\\nd"), "ab\\cd");
        assert_eq!(value("A=x#y"), "x#y");
    }

    #[test]
    fn plain_variables_are_put_in() {
        assert_eq!(value("B=2\nA=$B-${B}-\"$B\"-'$B'-${C:-d e}-${C}"), "2-2-2-$B-d e-");
        assert_eq!(value("A=${EMPTY-a}${EMPTY:-b}${C-c}"), "bc");
        assert_eq!(value("A=~/x"), "/home/me/x");
        assert_eq!(value("A=\"~/x\""), "~/x");
        assert_eq!(value("A=~you"), "~you");
    }

    #[test]
    fn fields_come_from_the_file_alone() {
        assert_eq!(value("A=$TSM_PORT"), "");
        assert_eq!(value("TSM_PORT=7\nA=$TSM_PORT"), "7");
    }

    #[test]
    fn what_is_dynamic_stays_as_it_is_written() {
        for source in
            ["$(echo \")\" ')' (x))", "`date +%s`", "$((1 + (2)))", "${B%%x}", "${#B}", "${B:-$(x y)}"]
        {
            assert_eq!(value(&format!("A={source} # rest")), source);
            assert_eq!(value(&format!("A=\"<{source}>\"")), format!("<{source}>"));
        }
        assert_eq!(value("A=$1$?$"), "$1$?$");
    }

    #[test]
    fn arrays_have_elements() {
        let text = "A=(a 'b c' # comment\n \"d$EMPTY\"\n)\nA+=(e) B=2";
        assert_eq!(elements(text, "A"), ["a", "b c", "d", "e"]);
        assert_eq!(elements(text, "B"), ["2"]);
    }

    #[test]
    fn what_bash_might_see_otherwise_is_not_plain() {
        for plain in [
            "",
            "# x\n\n  # y",
            "TSM_A=1",
            " export TSM_A=\"a b\"'c'd/e  \nTSM_B=\"$TSM_A-${TSM_A}\\$\"\nTSM_B+=x",
            "TSM_A='x\ny'",
            "TSM_A=(1 'a b'\n\"c\")\nTSM_A+=(2)",
        ] {
            assert!(read_plain(plain.as_bytes()).is_some(), "{plain:?}");
        }
        for other in [
            "TSM_A=1 # x",
            "TSM_A=1;",
            "TSM_A=1 TSM_B=2",
            "TSM_A=1 true",
            "TSM_A=1 &",
            "A=1",
            "true",
            "export",
            "export ",
            "export -n TSM_A=1",
            "declare TSM_A=1",
            "local TSM_A=1",
            "readonly TSM_A=1",
            "TSM_A+=1",
            "TSM_A=(1 *)",
            "TSM_A=(1 # x
)",
            "TSM_A=1
TSM_B=($TSM_A)",
            "TSM_A=(1 2)
TSM_A=3",
            "TSM_A=(1)x",
            "TSM_A=$PWD",
            "TSM_A=$TSM_B",
            "TSM_A=${TSM_B:-x}",
            "TSM_A=~/x",
            "TSM_A=x:~",
            "TSM_A=$(x)",
            "TSM_A=`x`",
            "TSM_A=$((1))",
            "TSM_A=$'x'",
            "TSM_A=$\"x\"",
            "TSM_A=$1",
            "TSM_A={a,b}",
            "TSM_A=*",
            "TSM_A=a\\",
            "TSM_A=é",
            "TSM_A=1\r\n",
            "TSM_A=1\0",
            "\u{feff}TSM_A=1",
            "TSM_A='1",
            "if true; then\nTSM_A=1\nfi",
            "return 0",
        ] {
            assert_eq!(read_plain(other.as_bytes()), None, "{other:?}");
        }
        assert_eq!(read_plain(b"TSM_A='\xff'"), None);
    }

    #[test]
    fn nothing_after_a_quote_without_end_is_read() {
        for broken in ["'x", "\"x", "$'x", "$(x", "`x", "${x", "(x", "(x;y)"] {
            let text = format!("A=1\nA={broken}\nA=3");
            assert_eq!(value(&text), "1", "{text}");
        }
        value(&format!("A={}", "$(".repeat(100_000)));
    }

    /// One piece of a value that means the same in every bash.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9_./:@%+,-]{1,6}",
            "'[ -&(-~é\n]{0,8}'",
            "\"[ !#%-Z_a-~é\n]{0,8}\"",
            r#""(\\[\\"$`nx]){0,3}""#,
            r"\\[ '#$;&|()<>a-z]",
            r"\$'(\\[abefnrtv\\'?z]|\\x4[1-9]|\\10[1-7]|[a-z é]){0,5}'",
            r"\$(TSM_[ABC]|HOME|UNSET)",
            r#""x\$\{(TSM_[ABC]|HOME|EMPTY|UNSET)(:?-[a-z0-9 ./]{0,5})?\}""#,
            r"\$\{(EMPTY|UNSET):?-[a-z0-9./]{0,5}\}",
        ]
    }

    fn line() -> impl Strategy<Value = String> {
        let pieces = proptest::collection::vec(piece(), 0..4).prop_map(|pieces| pieces.concat());
        let value = prop_oneof![9 => pieces, 1 => Just("~".to_owned())];
        let assignment =
            ("(|  |export |declare -x )", "TSM_[ABC]", "\\+?=", "(|~/)", value, "(| |;|  # x='|\r)");
        assignment.prop_map(|(before, name, sign, home, value, after)| {
            format!("{before}{name}{sign}{home}{value}{after}\n")
        })
    }

    /// What bash itself makes of the file.
    fn sourced(text: &str) -> Vec<String> {
        let script = "eval \"$1\"; printf '%s\\0' \"$TSM_A\" \"$TSM_B\" \"$TSM_C\"";
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-c", script, "bash", &text.replace("\r\n", "\n")])
            .env_clear()
            .envs([("HOME", "/home/me"), ("EMPTY", ""), ("LC_ALL", "C.UTF-8")])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bash_reads_the_same(lines in proptest::collection::vec(line(), 1..5)) {
            let text = lines.concat();
            let variables = read(text.as_bytes(), &|name| match name {
                "HOME" => Some("/home/me".to_owned()),
                "EMPTY" => Some(String::new()),
                _ => None,
            });
            let value = |name| variables.get(name).and_then(|all: &Vec<String>| all.first().cloned()).unwrap_or_default();
            prop_assert_eq!(["TSM_A", "TSM_B", "TSM_C"].map(value).to_vec(), sourced(&text), "{}", text);
        }

        #[test]
        fn no_file_is_too_strange(bytes in "[A=+(){}$'\"`\\\\#;~ \n:-]{0,60}") {
            read(bytes.as_bytes(), &environment);
        }
    }
}

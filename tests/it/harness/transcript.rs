//! Everything a command said, as one text that is the same on every run.

use std::process::Output;
use std::sync::LazyLock;

use regex::Regex;

use super::Home;

/// Exit status, stdout and stderr.
pub(crate) fn transcript(home: &Home, output: &Output) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    let status = match output.status.code() {
        Some(code) => format!("status {code}"),
        None => format!("signal {}", output.status.signal().unwrap()),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    tidy(home, &format!("{status}\n--- stdout\n{stdout}--- stderr\n{stderr}"))
}

/// Replaces what differs from run to run or from machine to machine: `<ROOT>`, `<WORK>`, `<HOME>`, `<PID>`, `<EPOCH>`,
/// `<TIME>`, `<UP>`, and `<BIN>` for the directory of an interpreter.
pub(crate) fn tidy(home: &Home, text: &str) -> String {
    static CHANGING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"\b(?<word>PID:? ?|pid[=:'\x22 ]+)[0-9]+", "${word}<PID>"),
            (r"\b1[6-9][0-9]{8}\b", "<EPOCH>"),
            (
                r"\b[0-9]{4}(?:-[0-9]{2}){2}[T ][0-9]{2}(?::[0-9]{2}){2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?",
                "<TIME>",
            ),
            // A row of the list: id, name, environment, pid, port, status, uptime.
            (
                r"(?m)^(?<before>[0-9]+ +[^ \n]+ +[^ \n]+ +)[0-9]+(?<between> +[^ \n]+ +(?:online|stopped|crashed) +)[0-9]+[smhd]",
                "${before}<PID>${between}<UP>",
            ),
            (r"(?<label>Uptime: +)[0-9]+[smhd]", "${label}<UP>"),
            (r"/\S*/(?<program>python3?(?:\.[0-9]+)?|node|bash)\b", "<BIN>/${program}"),
        ]
        .map(|(pattern, replacement)| (Regex::new(pattern).unwrap(), replacement))
        .into()
    });
    let mut text = text.to_owned();
    for (path, tag) in [(home.work(), "<WORK>"), (home.root(), "<ROOT>"), (home.home(), "<HOME>")] {
        text = text.replace(path.to_str().unwrap(), tag);
    }
    CHANGING
        .iter()
        .fold(text, |text, (pattern, replacement)| pattern.replace_all(&text, *replacement).into_owned())
}

/// Compares a command's whole answer with an inline snapshot.
macro_rules! assert_transcript {
    ($home:expr, $output:expr, @$expected:literal) => {
        insta::assert_snapshot!($crate::harness::transcript(&$home, &$output), @$expected)
    };
}
pub(crate) use assert_transcript;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_replaced_and_nothing_else() {
        let home = Home::new();
        let record = home.root().join("tsm/runtime");
        let cases = [
            ("PID: 70, Port: 8000", "PID: <PID>, Port: 8000"),
            ("(PID 70 dead) \"pid\": 71, --pid 72", "(PID <PID> dead) \"pid\": <PID>, --pid <PID>"),
            ("web-1795384771 sleep 1000000000", "web-<EPOCH> sleep 1000000000"),
            ("at 2026-11-22T10:00:00.123Z", "at <TIME>"),
            ("0   web-1  -   70  8000  online   12s", "0   web-1  -   <PID>  8000  online   <UP>"),
            ("      Uptime: 3h", "      Uptime: <UP>"),
            ("/usr/bin/python3 -m x", "<BIN>/python3 -m x"),
            (record.to_str().unwrap(), "<ROOT>/tsm/runtime"),
        ];
        for (text, expected) in cases {
            assert_eq!(tidy(&home, text), expected);
        }
    }
}

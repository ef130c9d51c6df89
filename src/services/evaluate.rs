//! Asking bash: what a definition sets, which port an environment file leaves. Only a start does so.

use std::ffi::OsStr;
use std::io::{self, PipeReader, Read as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Field;
use crate::config::Config;
use crate::sys::pidfd::PidFd;
use crate::sys::signal::Signal;
use crate::sys::{poll, proc};

/// How long a file may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Between two looks at a child that cannot be polled for its end.
const TICK: Duration = Duration::from_millis(10);

/// Fields with one value, in the order they are asked for. The port of the environment may be that of the definition.
const SCALARS: [Field; 6] =
    [Field::Name, Field::Command, Field::Cwd, Field::EnvFile, Field::Env, Field::Port];

/// What a definition may set. It begins without them.
const CLEARED: [&str; 19] = [
    "TSM_NAME",
    "TSM_COMMAND",
    "TSM_ARGS",
    "TSM_CWD",
    "TSM_ENV_FILE",
    "TSM_ENV",
    "TSM_DESCRIPTION",
    "TSM_RESTART",
    "TSM_MAX_RESTARTS",
    "TSM_MIN_UPTIME",
    "TSM_RESTART_DELAY",
    "TSM_MAX_MEMORY",
    "TSM_STOP_SIGNAL",
    "TSM_STOP_TIMEOUT",
    "TSM_KILL_MODE",
    "TSM_READY",
    "TSM_READY_TIMEOUT",
    "TSM_LOG_MAX_SIZE",
    "TSM_LOG_KEEP",
];

/// The answer comes through what is stdin at first, under a number that scripts do not use. It is a list: how many
/// elements follow, the elements, the end mark. Functions of the file do not stand in for the builtins that follow it.
const BEFORE: &str = concat!(
    r#"__tsm=("$@"); readonly __tsm; set --; exec 98>&0 </dev/null"#,
    "\n",
    r#"\builtin source "${__tsm[0]}""#,
    "\n",
    r#"\builtin unset -f set printf || :; \builtin set +eu; "#,
);

const DEFINITION: &str = concat!(
    r#"\builtin printf '%s\0' "$((6 + ${#TSM_ARGS[@]}))" "#,
    r#""${TSM_NAME-}" "${TSM_COMMAND-}" "${TSM_CWD-}" "${TSM_ENV_FILE-}" "${TSM_ENV-}" "${TSM_PORT-}" "#,
    r#"${TSM_ARGS[@]+"${TSM_ARGS[@]}"} end >&98"#,
);

const PORT: &str = r#"\builtin printf '%s\0' 1 "${PORT-}" end >&98"#;

const END: &[u8] = b"end";

/// What becomes of the file's own words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    /// The caller sees them.
    Shown,
    /// Nobody does.
    Dropped,
}

/// The fields that a definition sets, each with its elements. `None`: it ended bash, or was not done in time.
pub(super) fn definition(path: &Path, config: &Config) -> Option<Vec<(Field, Vec<Vec<u8>>)>> {
    let mut command = bash(DEFINITION, path.as_os_str(), Words::Shown, config)?;
    for name in CLEARED {
        command.env_remove(name);
    }
    let mut elements = ask(command).ok()??.into_iter();
    let scalars: Vec<Vec<u8>> = elements.by_ref().take(SCALARS.len()).collect();
    let scalars = SCALARS.into_iter().zip(scalars).map(|(field, value)| (field, vec![value]));
    Some(scalars.chain([(Field::Args, elements.collect())]).collect())
}

/// What PORT is once an environment file has been sourced where the process will run.
pub(super) fn port(env_file: &Path, cwd: &Path, config: &Config) -> Option<String> {
    let mut command = bash(PORT, env_file.as_os_str(), Words::Dropped, config)?;
    command.current_dir(cwd);
    let port = String::from_utf8_lossy(&ask(command).ok()??.pop()?).into_owned();
    Some(port).filter(|port| !port.is_empty())
}

fn bash(answer: &str, file: &OsStr, words: Words, config: &Config) -> Option<Command> {
    let mut command = Command::new(config.find_program("bash")?);
    command.args(["--noprofile", "--norc", "-c"]).arg(format!("{BEFORE}{answer}")).arg("bash").arg(file);
    if words == Words::Dropped {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    Some(command)
}

/// The elements of the answer. Nothing of what has not answered in time is left alive.
fn ask(mut command: Command) -> io::Result<Option<Vec<Vec<u8>>>> {
    let deadline = Instant::now() + LIMIT;
    let (reader, writer) = io::pipe()?;
    let mut child = command.stdin(Stdio::from(writer)).spawn()?;
    drop(command);
    let answer = listen(reader, &mut child, deadline);
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= deadline {
            end(&mut child);
        }
        wait(&child, None, deadline);
    }
    answer
}

/// Also what it waits for.
fn end(child: &mut Child) {
    let below = proc::below(child.id().cast_signed());
    let _ = child.kill();
    for process in below.iter().filter_map(PidFd::open) {
        let _ = process.signal(Signal::KILL);
    }
}

/// Reads until the answer is whole or nothing more can come. End of file alone tells nothing: what the file leaves
/// running holds the pipe, too.
fn listen(mut reader: PipeReader, child: &mut Child, deadline: Instant) -> io::Result<Option<Vec<Vec<u8>>>> {
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let has_ended = !matches!(child.try_wait(), Ok(None));
        let [ready] = poll::wait([Some(reader.as_fd())], Some(Duration::ZERO))?;
        if ready.any() {
            match reader.read(&mut piece)? {
                0 => return Ok(None),
                count => heard.extend(piece.iter().take(count)),
            }
            if let Some(elements) = parse(&heard) {
                return Ok(Some(elements));
            }
        } else if has_ended || Instant::now() >= deadline {
            return Ok(None);
        } else {
            wait(child, Some(&reader), deadline);
        }
    }
}

/// Until there is something to read or the child has ended.
fn wait(child: &Child, reader: Option<&PipeReader>, deadline: Instant) {
    let handle = PidFd::of_pid(child.id().cast_signed());
    let left = deadline.saturating_duration_since(Instant::now());
    let limit = if handle.is_some() && !left.is_zero() { left } else { TICK };
    let sources = [reader.map(PipeReader::as_fd), handle.as_ref().map(PidFd::as_fd)];
    let _ = poll::wait(sources, Some(limit));
}

/// The elements, if all have come.
fn parse(heard: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut elements = heard.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    let count: usize = std::str::from_utf8(elements.next()?).ok()?.parse().ok()?;
    let mut elements: Vec<Vec<u8>> = elements.map(without_return).collect();
    let is_whole = elements.len() == count + 1 && elements.pop().as_deref() == Some(END);
    is_whole.then_some(elements)
}

/// Of a file with the line ends of another system.
fn without_return(value: &[u8]) -> Vec<u8> {
    value.strip_suffix(b"\r").unwrap_or(value).to_vec()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;

    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::services::reader;
    use crate::testing;

    fn config(temp: &Path) -> Config {
        Config { path: "/usr/local/bin:/usr/bin:/bin".into(), ..testing::config(temp) }
    }

    fn evaluated(text: &[u8]) -> Option<Vec<(Field, Vec<Vec<u8>>)>> {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("x.tsm");
        fs::write(&path, text).unwrap();
        definition(&path, &config(temp.path()))
    }

    fn value(text: &str, field: Field) -> Vec<String> {
        let values = evaluated(text.as_bytes()).unwrap();
        let (_, elements) = values.into_iter().find(|(found, _)| *found == field).unwrap();
        elements.into_iter().map(|element| String::from_utf8(element).unwrap()).collect()
    }

    #[test]
    fn a_definition_is_bash() {
        let text = "x() { printf '%s' \"$1\"; }\nif true; then TSM_COMMAND=\"$(x 'a b')\"; fi; TSM_CWD=$'q\\nr\\r'; false";
        assert_eq!(value(text, Field::Command), ["a b"]);
        assert_eq!(value(text, Field::Cwd), ["q\nr"]);
        assert_eq!(value("TSM_ARGS=(a 'b c' '')", Field::Args), ["a", "b c", ""]);
        assert_eq!(value("TSM_ARGS='a b'", Field::Args), ["a b"]);
        assert_eq!(value("set -u", Field::Args), [""; 0]);
        assert_eq!(value("printf() { :; }; set() { :; }; TSM_NAME=n", Field::Name), ["n"]);
        assert_eq!(value("set -- x; TSM_NAME=n$1$#", Field::Name), ["nx1"]);
        assert_eq!(value("TSM_NAME=n; exec 2>/dev/null\nTSM_CWD='unclosed", Field::Name), ["n"]);
    }

    #[test]
    fn one_that_ends_bash_says_nothing() {
        assert_eq!(evaluated(b"TSM_NAME=n\nexit 0"), None);
        assert_eq!(evaluated(b"kill -9 $$"), None);
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(definition(&temp.path().join("x.tsm"), &testing::config(temp.path())), None, "no bash");
    }

    #[test]
    fn the_end_of_bash_is_seen_though_a_child_holds_the_pipe() {
        let temp = tempfile::tempdir().unwrap();
        let (path, fifo) = (temp.path().join("x.tsm"), temp.path().join("fifo"));
        crate::sys::fifo::make(&fifo).unwrap();
        fs::write(&path, "(read -r line <\"${BASH_SOURCE%/*}/fifo\") & exit").unwrap();
        assert_eq!(definition(&path, &config(temp.path())), None);
        fs::write(&fifo, "go\n").unwrap();
    }

    #[test]
    fn the_port_is_what_an_environment_file_leaves() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("x.env");
        fs::write(temp.path().join("number"), "5001").unwrap();
        for (text, port) in [
            ("PORT=$(cat number); echo noise", Some("5001")),
            ("export PORT=abc", Some("abc")),
            ("PORT=", None),
            ("PORT=1; exit", None),
        ] {
            fs::write(&file, text).unwrap();
            assert_eq!(super::port(&file, temp.path(), &config(temp.path())).as_deref(), port, "{text}");
        }
    }

    /// Lines most of which are plain, of everything that means something to bash.
    fn line() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-zA-Z0-9_./:@%+,=-]{1,6}",
            3 => "'[ -&(-~é\n]{0,8}'",
            3 => "\"[ !#%-Z_a-~é\n]{0,8}\"",
            2 => r#""(\\[\\"$`nx\n]){0,3}""#,
            2 => r"\$TSM_(NAME|CWD)|\$\{TSM_(NAME|CWD)\}",
            1 => r"[\\~#*?!{}^\[\]&;|<>$-]{1,2}",
            1 => r"\$(HOME|PWD|UID|RANDOM|\{TSM_NAME:-x\}|'a\\tb')",
        ];
        let value = proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat());
        let name = "TSM_(NAME|COMMAND|CWD|ENV_FILE|ENV|ARGS)";
        let around = ("(|  |export |\t)", name, "(=|=|=|\\+=)", value, "(|  |\t|| # x|;|\\\\\n)");
        let assignment = around
            .prop_map(|(before, name, sign, value, after)| format!("{before}{name}{sign}{value}{after}\n"));
        prop_oneof![6 => assignment, 1 => Just("# TSM_NAME=x\n".to_owned()), 1 => Just("\n".to_owned())]
    }

    /// Few values and names, so that they meet: elements that a bare variable would split, arrays that get a plain value.
    fn arrays() -> impl Strategy<Value = Vec<String>> {
        let element = "a|'a b'|\\$TSM_NAME|\"\\$TSM_NAME\"|\"\\$TSM_ARGS\"|''";
        let elements =
            proptest::collection::vec(element, 0..3).prop_map(|all| format!("({})", all.join(" ")));
        let value = prop_oneof![element, elements];
        let line = ("(|export )TSM_(NAME|ARGS)(=|\\+=)", value)
            .prop_map(|(before, value)| format!("{before}{value}\n"));
        let first = "TSM_NAME='a *'\nTSM_ARGS=(a 'b c')\n".to_owned();
        proptest::collection::vec(line, 1..3).prop_map(move |lines| [vec![first.clone()], lines].concat())
    }

    #[test]
    fn what_is_plain_is_what_bash_makes_of_it() {
        let plain = Cell::new(0);
        let lines = prop_oneof![
            2 => proptest::collection::vec(line(), 1..4),
            1 => arrays(),
        ];
        let lines = lines.prop_map(|lines| lines.concat());
        TestRunner::new(ProptestConfig {
            cases: 400,
            failure_persistence: None,
            ..ProptestConfig::default()
        })
        .run(&lines, |text| {
            let Some(variables) = reader::read_plain(text.as_bytes()) else { return Ok(()) };
            plain.set(plain.get() + 1);
            for (field, values) in evaluated(text.as_bytes()).unwrap() {
                let read = variables.get(field.variable()).cloned().unwrap_or_default();
                let bash: Vec<String> =
                    values.into_iter().map(|value| String::from_utf8(value).unwrap()).collect();
                if field == Field::Args {
                    prop_assert_eq!(read, bash, "{}", text);
                } else if field != Field::Port {
                    prop_assert_eq!(read.first().map_or("", String::as_str), &bash[0], "{}", text);
                }
            }
            Ok(())
        })
        .unwrap();
        assert!(plain.get() > 50, "only {} of 400 were plain", plain.get());
    }
}

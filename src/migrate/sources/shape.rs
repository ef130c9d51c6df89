//! The ten lines of generations 5 and 6 exactly as they were written. The writer escaped nothing, so a command may hold
//! quotes, newlines and lines like its neighbours; read from both ends it is what lies between.

use super::assignments::Assignment;

/// `None`: something else wrote the text, or changed it.
pub(super) fn read(text: &str) -> Option<Vec<Assignment<'_>>> {
    let (tsm_id, rest) = line(text, "tsm_id=")?;
    let (name, rest) = line(rest, "name=")?;
    let (pid, rest) = line(rest, "pid=")?;
    let rest = rest.strip_prefix("command='")?;
    let (rest, last) = rest.strip_suffix('\n').unwrap_or(rest).rsplit_once("'\ntype=")?;
    let (kind, interpreter) = kind(last)?;
    let middle = rest.rmatch_indices("\nenv_file='").find_map(|(place, _)| middle(rest.get(..place)?))?;
    let tail = rest.get(middle.length + "\nenv_file='".len()..)?;
    let (env_file, cwd) = tail.split_once("'\ncwd='")?;
    let mut members = vec![
        Assignment::bare("tsm_id", tsm_id),
        Assignment::bare("name", name),
        Assignment::bare("pid", pid),
        Assignment::quoted("command", middle.command, '\''),
        Assignment::bare("port", middle.port),
        Assignment::bare("start_time", middle.start_time),
        Assignment::quoted("env_file", env_file, '\''),
        Assignment::quoted("cwd", cwd, '\''),
        Assignment::bare("type", kind),
    ];
    members.extend(interpreter.map(|path| Assignment::quoted("interpreter", path, '\'')));
    Some(members)
}

/// The value of the line that comes first, and what follows it.
fn line<'a>(text: &'a str, start: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(start)?.split_once('\n')
}

/// What follows `type=`, to the end of the file.
fn kind(last: &str) -> Option<(&str, Option<&str>)> {
    let Some((kind, line)) = last.split_once('\n') else {
        return Some((last, None));
    };
    let interpreter = line.strip_prefix("interpreter='")?.strip_suffix('\'')?;
    (!interpreter.contains('\n')).then_some((kind, Some(interpreter)))
}

struct Middle<'a> {
    command: &'a str,
    port: &'a str,
    start_time: &'a str,
    length: usize,
}

/// The command, its closing quote, and the two lines that end the text.
fn middle(text: &str) -> Option<Middle<'_>> {
    let (rest, start_time) = text.rsplit_once('\n')?;
    let start_time = start_time.strip_prefix("start_time=")?;
    let (rest, port) = rest.rsplit_once('\n')?;
    let port = port.strip_prefix("port=")?;
    Some(Middle { command: rest.strip_suffix('\'')?, port, start_time, length: text.len() })
}

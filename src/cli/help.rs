//! `tsm help`: what the catalogue says, in the layouts that callers know.

use super::Words;

pub(super) const NAME: &str = "help";

const TITLE: &str = "TSM - Tetra Service Manager";
const USAGE: &str = "Usage: tsm <command> [args]";

/// What the simple help lists, as far as it exists.
const COMMON: [&str; 17] = [
    "list",
    "start",
    "stop",
    "services",
    "logs",
    "monitor",
    "stream",
    "dashboard",
    "clicks",
    "journey",
    "click-perf",
    "sessions",
    "users",
    "patterns",
    "ports overview",
    "doctor",
    "repl",
];

/// How clap lays out the help of one command.
const TEMPLATE: &str = "TSM - Tetra Service Manager

{usage-heading} {usage}

{about-with-newline}
{all-args}{after-help}
";

/// A line that is shown when its command exists.
struct Example {
    command: &'static str,
    line: &'static str,
    text: &'static str,
}

const fn example(command: &'static str, line: &'static str, text: &'static str) -> Example {
    Example { command, line, text }
}

const EXAMPLES: [Example; 7] = [
    example("start", "tsm start --port 8080 --name web python3 -m http.server 8080", "run it as web-8080"),
    example("start", "tsm start --env dev ./server.sh", "with the variables of env/dev.env"),
    example("list", "tsm list", "what is running"),
    example("info", "tsm info web", "everything about one process"),
    example("logs", "tsm logs web -f", "follow its output"),
    example("restart", "tsm restart web", "the same command, id and name again"),
    example("stop", "tsm stop web", "end it and all it has started"),
];

const ENVIRONMENT: [Example; 3] = [
    example("init", "tsm init dev", "make env/dev.env from tetra.toml, or else from env/dev.env.tmpl"),
    example("init", "$EDITOR env/dev.env", "put in the real values"),
    example("start", "tsm start --env dev ./server.sh", "run with it"),
];

const ENVIRONMENT_RULES: &str = "
  '--env dev' is the file env/dev.env below the current directory; a name with a slash or ending in .env is taken as
  it is. bash reads the file before the command runs. A file that is not there is passed over, and none is looked
  for when '--env' is not given. A line 'export PORT=8080' in it is the port, unless '--port' is given.
";

pub(super) fn catalog() -> clap::Command {
    clap::Command::new(NAME)
        .about("Show this help, or that of one command")
        .override_usage("tsm help [all|<command>]")
        .arg(clap::Arg::new("topic").value_name("all|<command>").help("all: every command with its options"))
}

/// The help that the words after `help` ask for. A word that means nothing is passed over.
pub(super) fn text(mut words: Words) -> String {
    let mut catalogue = super::catalogue();
    catalogue.build();
    match words.shift().as_deref() {
        Some("all") => detailed(&catalogue),
        Some(word) => match catalogue.find_subcommand(word) {
            Some(command) => of_command(command),
            None => simple(&catalogue),
        },
        None => simple(&catalogue),
    }
}

fn simple(catalogue: &clap::Command) -> String {
    let mut lines: Vec<Line> = COMMON.iter().filter_map(|words| common(words, catalogue)).collect();
    lines.push(Line::new(2, "help all", "Every command, with its options"));
    format!(
        "{TITLE}\n\n{USAGE}\n\nCommands:\n{}{}",
        columns(&lines),
        examples("Examples", &EXAMPLES, catalogue)
    )
}

fn common(words: &str, catalogue: &clap::Command) -> Option<Line> {
    let mut command = catalogue;
    for word in words.split(' ') {
        command = command.find_subcommand(word)?;
    }
    let aliases = command.get_visible_aliases().map(|alias| format!("|{alias}"));
    Some(Line::new(2, &format!("{words}{}", aliases.collect::<String>()), &about(command)))
}

fn detailed(catalogue: &clap::Command) -> String {
    let commands: Vec<Line> = catalogue.get_subcommands().flat_map(|command| entry("", command)).collect();
    let environment = examples("Environment files", &ENVIRONMENT, catalogue);
    let rules = if environment.is_empty() { "" } else { ENVIRONMENT_RULES };
    let examples = examples("Examples", &EXAMPLES, catalogue);
    format!(
        "{TITLE} (Detailed Help)\n\n{USAGE}\n\nCommands:\n{}{environment}{rules}{examples}",
        columns(&commands)
    )
}

/// A command, its options, and its subcommands with theirs.
fn entry(parents: &str, command: &clap::Command) -> Vec<Line> {
    let name = format!("{parents}{}", command.get_name());
    let aliases = command.get_visible_aliases().map(|alias| format!("|{alias}"));
    let operands = command.get_positionals().map(|operand| format!(" {operand}"));
    let label = std::iter::once(name.clone()).chain(aliases).chain(operands).collect::<String>();
    let mut lines = vec![Line::new(2, &label, &about(command))];
    lines.extend(command.get_arguments().filter(|argument| !argument.is_positional()).map(option));
    lines.extend(command.get_subcommands().flat_map(|below| entry(&format!("{name} "), below)));
    lines
}

fn option(argument: &clap::Arg) -> Line {
    let label = match (argument.get_short(), argument.get_long()) {
        (Some(short), Some(_)) => format!("-{short}, {argument}"),
        _ => argument.to_string(),
    };
    Line::new(6, &label, &argument.get_help().map(ToString::to_string).unwrap_or_default())
}

fn of_command(command: &clap::Command) -> String {
    let text = command.clone().help_template(TEMPLATE).render_help().to_string();
    format!("{}\n", text.trim_end())
}

fn about(command: &clap::Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// Those examples whose command exists, under their title; nothing when there are none.
fn examples(title: &str, examples: &[Example], catalogue: &clap::Command) -> String {
    let existing = examples.iter().filter(|example| catalogue.find_subcommand(example.command).is_some());
    let lines: Vec<Line> = existing.map(|example| Line::new(2, example.line, example.text)).collect();
    if lines.is_empty() { String::new() } else { format!("\n{title}:\n{}", columns(&lines)) }
}

/// A label and what it means.
struct Line {
    label: String,
    text: String,
}

impl Line {
    fn new(indent: usize, label: &str, text: &str) -> Self {
        Self { label: format!("{:indent$}{label}", ""), text: text.to_owned() }
    }
}

/// The texts begin in one column, two blanks behind the longest label.
fn columns(lines: &[Line]) -> String {
    let width = lines.iter().map(|line| line.label.len()).max().unwrap_or(0);
    lines.iter().map(|line| format!("{:width$}  {}\n", line.label, line.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(words: &[&str]) -> String {
        text(Words::new(words.iter().map(Into::into)))
    }

    #[test]
    fn every_command_explains_itself() {
        let mut catalogue = super::super::catalogue();
        catalogue.build();
        catalogue.clone().debug_assert();
        for command in catalogue.get_subcommands() {
            let name = command.get_name();
            let text = help(&[name]);
            let start = format!("{TITLE}\n\nUsage: tsm {name}");
            assert!(text.starts_with(&start), "{text}");
            assert!(!about(command).is_empty(), "{name}");
            assert!(command.get_arguments().all(|argument| argument.get_help().is_some()), "{name}");
            assert!(help(&["all"]).contains(&format!("\n  {name}")), "{name}");
        }
    }

    #[test]
    fn an_alias_has_the_help_of_its_command() {
        assert_eq!(help(&["ls"]), help(&["list", "ignored"]));
        insta::assert_snapshot!(help(&["ls"]), @r"
        TSM - Tetra Service Manager

        Usage: tsm list [running|available|all]
               tsm list --json [--all]

        Show what is running, or every service

        Arguments:
          [running|available|all]  Live processes (default), or all services ('available' and 'all' are the same)

        Options:
              --json  Print JSON: an object as 'list', a bare array as 'ls'
          -a, --all   With --json: processes that have ended, too
        ");
    }

    #[test]
    fn any_other_word_is_passed_over() {
        assert_eq!(help(&["frob"]), help(&[]));
        assert!(help(&[]).starts_with("TSM - Tetra Service Manager\n\nUsage: tsm <command> [args]\n"));
        let detailed = help(&["all"]);
        assert!(
            detailed
                .starts_with("TSM - Tetra Service Manager (Detailed Help)\n\nUsage: tsm <command> [args]\n")
        );
    }
}

//! Which interpreter a command belongs to, and its text with that interpreter in it.

use std::borrow::Cow;

use crate::registry::Kind;

/// The types that have an interpreter, in the order they are tried: name, extension, type.
const INTERPRETED: [(&str, &str, Kind); 5] = [
    ("python", ".py", Kind::Python),
    ("node", ".js", Kind::Node),
    ("bash", ".sh", Kind::Bash),
    ("lua", ".lua", Kind::Lua),
    ("go", ".go", Kind::Go),
];

/// By the first word's file name (`python*` or `*.py`), else by the first script named anywhere in the text.
/// The contract has no `*.go` among the patterns.
pub fn detect(command: &str) -> Kind {
    let file = file_name(first_word(command));
    let fits = |(name, extension, kind): &&(&str, &str, Kind)| {
        file.starts_with(name) || (*kind != Kind::Go && file.ends_with(extension))
    };
    match INTERPRETED.iter().find(fits) {
        Some((_, _, kind)) => *kind,
        None => of_script_in(command).unwrap_or(Kind::Command),
    }
}

/// The command with its interpreter: in the place of an interpreter's word, in front of a script, else not at all.
pub(super) fn rewrite(command: &str, interpreter: &str) -> String {
    let word = first_word(command);
    let interpreter = quoted(interpreter);
    if is_interpreter(word) {
        command.replacen(word, &interpreter, 1)
    } else if INTERPRETED.iter().any(|(_, extension, _)| word.ends_with(extension)) {
        format!("{interpreter} {command}")
    } else {
        command.to_owned()
    }
}

/// Up to the first space, leading ones apart.
pub(super) fn first_word(command: &str) -> &str {
    command.split(' ').find(|word| !word.is_empty()).unwrap_or_default()
}

/// A path without its directories.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// `python`, `node`…, with a version. The bash tool took every word that begins so: `nodemon x.js` became `node x.js`.
fn is_interpreter(word: &str) -> bool {
    let is_version = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    INTERPRETED.iter().any(|(name, _, _)| word.strip_prefix(name).is_some_and(is_version))
}

/// The first extension in the text that white space or the end follows.
fn of_script_in(command: &str) -> Option<Kind> {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    command.match_indices('.').find_map(|(start, _)| {
        let rest = command.get(start..)?;
        let found =
            INTERPRETED.iter().find(|(_, extension, _)| rest.strip_prefix(extension).is_some_and(ends));
        found.map(|(_, _, kind)| *kind)
    })
}

/// A word that the shell will evaluate to itself: quoted only where it must be.
pub fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./+,:@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', r"'\''")).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    #[test]
    fn type_follows_the_first_word_then_the_scripts_in_the_text() {
        for (command, kind) in [
            ("python3 -m http.server", "python"),
            ("/usr/bin/python3.11 x", "python"),
            ("./srv.py", "python"),
            ("nodemon x.js", "node"),
            ("gotop", "go"),
            ("bashtop", "bash"),
            ("luajit x", "lua"),
            ("python_tool.sh", "python"),
            ("lua.go", "lua"),
            ("go.sh", "bash"),
            ("env X=1 ./a.js ./b.py", "node"),
            ("env X=1 ./a.json ./b.lua", "lua"),
            ("uvicorn 'x.py'", "command"),
            ("sleep 300", "command"),
            ("./python/run", "command"),
            ("", "command"),
        ] {
            assert_eq!(detect(command).name(), kind, "{command:?}");
        }
    }

    #[test]
    fn interpreter_stands_where_the_command_needs_it() {
        for (command, rewritten) in [
            ("python3 -m http.server 7771", "/i -m http.server 7771"),
            ("python", "/i"),
            ("lua5.4 x.lua", "/i x.lua"),
            ("node  x.js", "/i  x.js"),
            ("  go run", "  /i run"),
            ("./srv.sh", "/i ./srv.sh"),
            ("./srv.py --x 'a b'", "/i ./srv.py --x 'a b'"),
            ("nodemon x.js", "nodemon x.js"),
            ("gotop", "gotop"),
            ("/usr/bin/python3 x.py", "/usr/bin/python3 x.py"),
            ("python3-config", "python3-config"),
            ("env python3 x.py", "env python3 x.py"),
        ] {
            assert_eq!(rewrite(command, "/i"), rewritten, "{command:?}");
        }
    }

    #[test]
    fn interpreter_with_a_strange_path_stays_one_word() {
        assert_eq!(rewrite("lua x.lua", "/my dir/$(x)/lua"), "'/my dir/$(x)/lua' x.lua");
        assert_eq!(rewrite("lua x.lua", "/it's/lua"), r"'/it'\''s/lua' x.lua");
    }

    #[test]
    fn type_rule_is_the_patterns_of_the_reference() {
        let inputs =
            testing::samples(r"(python|node|bash|lua|go|\.py|\.js|\.sh|\.lua|\.go|/|x| |\t|3|\.){1,8}", 400);
        let script = r#"m=command; w=${t#"${t%%[! ]*}"}; w=${w%% *}; b=${w##*/}
            case $b in
              python*|*.py) m=python;; node*|*.js) m=node;; bash*|*.sh) m=bash;; lua*|*.lua) m=lua;; go*) m=go;;
              *) re='\.(py|js|sh|lua|go)([[:space:]]|$)'; if [[ $t =~ $re ]]; then
                   case ${BASH_REMATCH[1]} in py) m=python;; js) m=node;; sh) m=bash;; *) m=${BASH_REMATCH[1]};; esac
                 fi;;
            esac"#;
        for (input, kind) in inputs.iter().zip(testing::bash_says(script, &inputs)) {
            assert_eq!(detect(input).name(), kind, "{input:?}");
        }
    }

    #[test]
    fn interpreter_words_are_those_of_the_contract() {
        let inputs = testing::samples("(python|node|bash|lua|go)?(x|-|[0-9.]{0,4}){0,2}", 200);
        let script = r#"m=no; [[ $t =~ ^(python|node|bash|lua|go)[0-9.]*$ ]] && m=yes"#;
        for (input, answer) in inputs.iter().zip(testing::bash_says(script, &inputs)) {
            assert_eq!(is_interpreter(input), answer == "yes", "{input:?}");
        }
    }

    proptest! {
        #[test]
        fn rewriting_keeps_the_arguments(text: String) {
            let rewritten = rewrite(&text, "/i");
            let arguments = text.split_once(first_word(&text)).map_or("", |(_, rest)| rest);
            prop_assert!(rewritten.ends_with(arguments));
        }

        #[test]
        fn quoting_survives_a_shell(path in "[ -~]{1,20}") {
            let echoed = testing::bash_says("eval \"m=$t\"", &[quoted(&path).into_owned()]);
            prop_assert_eq!(echoed, [path]);
        }
    }
}

//! The script through which every process is started: bash runs it and becomes the command.

use std::ffi::OsString;
use std::path::Path;

use crate::config::Config;
use crate::layout::{RunDir, Stream};
use crate::registry::Kind;
use crate::sys::spawn::HANDSHAKE_FD;

/// Three lines, because a missing program is reported with its line: bash's own `bash: line 3: exec: …`.
///
/// Its arguments are: handshake descriptor, pyenv root, nvm directory, env file (each of the three may be empty), the two
/// fifos, command. They are kept in an array, which is never exported, so that the env file and the command see none.
///
/// 1. Activates, sources, then says so with one byte: end of file would prove nothing, because what the env file leaves
///    running has the descriptor too. The byte is written by a subshell that survives the loss of its reader. Functions
///    and aliases of the env file do not stand in for the builtins that follow.
/// 2. Lets go of the caller's streams. Redirections of the eval itself would leave bash holding them for `a | b`.
/// 3. Becomes the command.
const SCRIPT: &str = concat!(
    r#"__tsm=("$@"); readonly __tsm; set --; "#,
    r#"if [[ -n ${__tsm[1]} ]]; then "#,
    r#"export PATH="${__tsm[1]}/bin:${__tsm[1]}/shims:$PATH"; "#,
    r#"eval "$(pyenv init --path 2>/dev/null)" 2>/dev/null || :; "#,
    r#"eval "$(pyenv virtualenv-init - 2>/dev/null)" 2>/dev/null || :; "#,
    r#"fi; "#,
    r#"if [[ -n ${__tsm[2]} ]]; then "#,
    r#"export TETRA_NVM="${__tsm[2]}"; "#,
    r#"if [[ -f $TETRA_NVM/nvm.sh ]]; then source "$TETRA_NVM/nvm.sh" || :; fi; "#,
    r#"nvm use node >/dev/null 2>&1 || :; "#,
    r#"fi; "#,
    r#"if [[ -f ${__tsm[3]} ]]; then source "${__tsm[3]}"; fi; "#,
    r#"\builtin unset -f eval exec printf trap || :; "#,
    r#"(\trap '' PIPE; \printf . >&"${__tsm[0]}") 2>/dev/null || :; "#,
    r#"\eval "\\exec ${__tsm[0]}>&-""#,
    "\n",
    r#"\exec </dev/null 1<>"${__tsm[4]}" 2<>"${__tsm[5]}""#,
    "\n",
    r#"\eval "\\exec ${__tsm[6]}""#,
);

/// What is started, by a request or from a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start<'a> {
    /// The type.
    pub(super) kind: &'a str,
    /// The command text, with its interpreter.
    pub(super) command: &'a str,
    /// Where it runs.
    pub(super) cwd: &'a Path,
    /// Relative to `cwd`, if it is not absolute.
    pub(super) env_file: Option<&'a str>,
}

/// The words of the bash that becomes the command, its own name first. One is [`HANDSHAKE_FD`].
pub(super) fn arguments(start: &Start<'_>, run: &RunDir, config: &Config) -> Vec<OsString> {
    let only_for = |kind: Kind, dir: Option<_>| dir.filter(|_| start.kind == kind.name()).unwrap_or_default();
    let env_file = start.env_file.map(|file| start.cwd.join(file));
    vec![
        "bash".into(),
        "-c".into(),
        SCRIPT.into(),
        "bash".into(),
        HANDSHAKE_FD.into(),
        only_for(Kind::Python, config.pyenv_root.clone()).into(),
        only_for(Kind::Node, config.nvm_dir()).into(),
        env_file.unwrap_or_default().into(),
        run.fifo(Stream::Out).into(),
        run.fifo(Stream::Err).into(),
        start.command.into(),
    ]
}

#[cfg(test)]
mod tests;

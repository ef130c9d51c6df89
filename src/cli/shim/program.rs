//! What a command is: its type, its interpreter, its name.

use super::{Context, Words, answer, given};
use crate::config;
use crate::error::{Error, Result};
use crate::launch;
use crate::registry::Kind;
use crate::sys::clock;

/// `COMMAND`
pub(super) fn kind(mut words: Words, cx: &mut Context) -> Result<u8> {
    let command = words.shift().unwrap_or_default();
    answer(Some(launch::kind_of(&command).name()), cx)
}

/// `TYPE`: an empty line for what has none.
pub(super) fn interpreter(mut words: Words, cx: &mut Context) -> Result<u8> {
    let kind = Kind::of_name(&words.shift().unwrap_or_default());
    let cwd = config::current_dir().map_err(Error::system("find the current directory"))?;
    let path = launch::interpreter(kind, &cx.config, &cwd);
    answer(Some(path.unwrap_or_default()), cx)
}

/// `COMMAND PORT [NAME]`
pub(super) fn name(mut words: Words, cx: &mut Context) -> Result<u8> {
    let command = words.shift().unwrap_or_default();
    let port = given(&mut words).filter(|port| port != "none");
    let base = given(&mut words).unwrap_or_else(|| launch::base_name(&command).to_owned());
    let end = port.unwrap_or_else(|| clock::epoch().to_string());
    answer(Some(format_args!("{base}-{end}")), cx)
}

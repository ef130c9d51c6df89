//! `tsm __shim FUNCTION [WORD...]`: what the functions of `compat/` print or decide and no public command does. No part of
//! the command line: it is in no help, and changes together with `compat/`.

mod commands;
mod json;
mod list;
mod module;
mod names;
mod ports;
mod program;
mod tview;

use super::{Access, Context, Run, Words, complete};
use crate::error::Result;

pub(super) const NAME: &str = "__shim";

/// The exit code of a function that has nothing to print, or whose answer is no.
const NO: u8 = 1;

/// What answers one function.
struct Function {
    name: &'static str,
    access: Access,
    run: Run,
}

/// Takes no notice of records.
const fn plain(name: &'static str, run: Run) -> Function {
    Function { name, access: Access::None, run }
}

/// Reads records and changes nothing.
const fn look(name: &'static str, run: Run) -> Function {
    Function { name, access: Access::Look, run }
}

/// Does what a command does.
const fn act(name: &'static str, run: Run) -> Function {
    Function { name, access: Access::Write, run }
}

const FUNCTIONS: [Function; 50] = [
    plain("complete", complete::run),
    look("tetra_tsm_list", list::run),
    act("tetra_tsm_start_service", commands::start_service),
    act("tetra_tsm_start_command", commands::start_command),
    act("tetra_tsm_start_cli", commands::start_script),
    act("tsm_start_any_command", commands::start_any),
    act("tetra_tsm_stop_single", commands::stop),
    act("tetra_tsm_delete_single", commands::delete),
    act("tetra_tsm_restart_single", commands::restart),
    act("tsm_patrol_silent", commands::patrol),
    act("tetra_tsm_reset_id", names::reset_id),
    look("tetra_tsm_is_running", names::is_running),
    look("tetra_tsm_is_running_by_id", names::is_running_by_id),
    look("tetra_tsm_resolve_name", names::resolve_name),
    look("tetra_tsm_resolve_to_id", names::resolve_to_id),
    look("tetra_tsm_id_to_name", names::id_to_name),
    look("tetra_tsm_name_to_id", names::name_to_id),
    look("tetra_tsm_get_next_id", names::next_id),
    look("tsm_read_metadata", names::member),
    look("tsm_find_by_port", names::by_port),
    look("_tsm_all_names", names::all),
    look("_tsm_running_names", names::running),
    plain("_tsm_toml_get", module::toml_value),
    plain("_tsm_service_names", names::services),
    plain("tview_tsm_get_enabled_services", names::enabled_services),
    plain("tsm_is_pid_alive", names::is_pid_alive),
    plain("tsm_module_actions", module::actions),
    plain("tsm_module_properties", module::properties),
    look("tsm_module_info", module::info),
    look("tsm_monitor_resolve_log_file", module::log_file),
    plain("tsm_tview_commands", tview::commands),
    plain("tsm_tview_dispatch", tview::dispatch),
    look("tsm_tview_status", tview::status),
    look("tsm_tview_list", tview::list),
    look("tview_tsm_service_status", tview::service_status),
    look("tview_tsm_service_info", tview::service_info),
    look("tview_tsm_status", tview::summary),
    plain("tsm_get_port_pid", ports::pid),
    plain("tsm_get_named_port", ports::named),
    plain("tsm_get_port_owner", ports::owner),
    plain("tsm_resolve_service_port", ports::resolve),
    plain("tsm_list_named_ports", ports::list),
    plain("tsm_get_service_port", ports::of_deployment),
    plain("tsm_discover_port", ports::discover),
    plain("tetra_tsm_extract_port", ports::extract),
    plain("tsm_detect_type", program::kind),
    plain("tsm_resolve_interpreter", program::interpreter),
    plain("tsm_generate_process_name", program::name),
    plain("tsm_json_error", json::error),
    plain("tsm_json_success", json::success),
];

/// The exit code of a function.
pub(super) fn run(mut words: Words) -> u8 {
    let word = words.shift().unwrap_or_default();
    match FUNCTIONS.iter().find(|function| function.name == word) {
        Some(function) => super::execute(function.run, function.access, function.name, words),
        None => super::unknown(&format!("{NAME} {word}")),
    }
}

/// Prints a line if there is one. The exit code says whether.
fn answer(line: Option<impl std::fmt::Display>, cx: &mut Context) -> Result<u8> {
    let Some(line) = line else { return Ok(NO) };
    cx.io.line(line);
    Ok(0)
}

/// The exit code of a function that only says yes or no.
fn verdict(yes: bool) -> u8 {
    if yes { 0 } else { NO }
}

/// The next word, if it is there and says anything.
fn given(words: &mut Words) -> Option<String> {
    words.shift().filter(|word| !word.is_empty())
}

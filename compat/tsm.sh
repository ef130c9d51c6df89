#!/usr/bin/env bash
# Sourced by what used to source the bash tool. It defines that tool's functions; each runs the tsm executable, or is
# bash because it must be. Sourcing prints nothing, runs no program unless config/ports.toml is missing, and leaves
# options, traps, directory and positional parameters of the shell alone.

# On a line of its own: within one command the alias would be expanded before it is gone.
unalias tsm 2>/dev/null || :

_tsm_dir=${BASH_SOURCE[0]}
[[ $_tsm_dir == */* ]] || _tsm_dir=./$_tsm_dir
_tsm_dir=${_tsm_dir%/*}
[[ $_tsm_dir == /* ]] || _tsm_dir=$PWD/${_tsm_dir#./}
_tsm_dir=${_tsm_dir%/.}

# The executable: what TSM_BIN names, else beside the shim, else in TETRA_SRC, else on PATH.
_tsm_find() {
    local candidate rest=${PATH-}:
    for candidate in "${TSM_BIN-}" "$_tsm_dir/tsm" "$_tsm_dir/bin/tsm" "${TETRA_SRC:+$TETRA_SRC/bin/tsm}"; do
        if [[ -f $candidate && -x $candidate ]]; then
            _tsm_adopt "$candidate"
            return 0
        fi
    done
    while [[ -n $rest ]]; do
        candidate=${rest%%:*}
        candidate=${candidate:-.}/tsm
        rest=${rest#*:}
        if [[ -f $candidate && -x $candidate ]]; then
            _tsm_adopt "$candidate"
            return 0
        fi
    done
    return 1
}

# Exports TSM_BIN, and lets child shells find tsm on PATH.
_tsm_adopt() {
    local path=$1
    [[ $path == /* ]] || path=$PWD/$path
    _tsm_export TSM_BIN "$path"
    case ":${PATH-}:" in
        *":${path%/*}:"*) ;;
        *) _tsm_export PATH "${path%/*}${PATH:+:$PATH}" ;;
    esac
}

# Whether the executable can be run. A script of that name may source this file and would call itself for ever, so
# scripts are counted.
_tsm_ready() {
    local head=
    if { [[ -f ${TSM_BIN-} && -x ${TSM_BIN-} ]] || _tsm_find; } && [[ ${_tsm_depth-} != xxx* ]]; then
        IFS= read -r -N 2 head 2>/dev/null <"$TSM_BIN" || :
        [[ $head != '#!' ]] || export _tsm_depth="x${_tsm_depth-}"
        return 0
    fi
    printf '%s\n' 'tsm: binary not found (set TSM_BIN)' >&2
    return 127
}

# Runs the executable: what every function below does, and never by way of the function tsm, which others redefine.
_tsm_run() {
    local _tsm_depth=${_tsm_depth-}
    _tsm_ready || return
    "$TSM_BIN" "$@"
}

# The same, in place of this shell.
_tsm_exec() {
    _tsm_ready || exit
    exec "$TSM_BIN" "$@"
}

# Sets and exports a variable. One that somebody made readonly stays as it is.
_tsm_export() {
    declare -gx "$1=$2" 2>/dev/null || declare -gx "$1" 2>/dev/null || :
}

# Sets a variable that is not set.
_tsm_default() {
    [[ -n ${!1+set} ]] || declare -g "$1=$2" 2>/dev/null || :
}

_tsm_variables() {
    local runtime
    if [[ -z ${TETRA_SRC-} && $_tsm_dir == */bash/tsm ]]; then
        _tsm_export TETRA_SRC "${_tsm_dir%/bash/tsm}"
    fi
    _tsm_export TSM_DIR "$_tsm_dir"
    _tsm_export TSM_SRC "$_tsm_dir"
    _tsm_default TSM_DEFAULT_PORT 3000
    _tsm_default TSM_MAX_PROCESSES 100
    _tsm_default TSM_LOG_MAX_LINES 1000
    _tsm_init_global_state
    # Without either the executable says what is missing.
    [[ -n ${TETRA_DIR:-${HOME-}} ]] || return 0
    _tsm_export TETRA_DIR "${TETRA_DIR:-$HOME/tetra}"
    runtime=$TETRA_DIR/tsm/runtime
    _tsm_export TSM_LOGS_DIR "$runtime/logs"
    _tsm_export TSM_PIDS_DIR "$runtime/pids"
    _tsm_export TSM_PROCESSES_DIR "$runtime/processes"
    _tsm_export TSM_PORTS_DIR "$runtime/ports"
    _tsm_export TSM_ID_FILE "$runtime/next_id"
    _tsm_default TSM_SERVICES_AVAILABLE "$TETRA_DIR/tsm/services-available"
    _tsm_default TSM_SERVICES_ENABLED "$TETRA_DIR/tsm/services-enabled"
}

# Makes the file of named ports, for scripts that look for it right after sourcing. It appears whole or not at all and
# never over another; whatever keeps it from being made is passed over.
_tsm_create_ports() (
    set -o noclobber +o errexit
    file=$1
    draft=$file.$BASHPID.draft
    trap - ERR
    command mkdir -p -- "${file%/*}" || exit 0
    trap 'command rm -f -- "$draft"' EXIT
    printf '%s\n' '# TSM Named Port Registry Configuration
# This file defines standard port assignments for known services

[metadata]
version = "1.0"
last_updated = "2025-09-21T00:00:00Z"
auto_updated = true

[ports]
# Development services
devpages = 4000
tetra = 4444
arcade = 8400
pbase = 2600

[port_ranges]
# Environment-specific port ranges
development = "3000-3999"
staging = "4000-4999"
production = "5000-5999"
testing = "6000-6999"

[allocation]
# Automatic port allocation settings
auto_allocate = true
allocation_strategy = "sequential"
avoid_system_ports = true
min_port = 3000
max_port = 9999

[conflicts]
# Port conflict resolution settings
check_on_start = true
auto_resolve = false
prefer_named_services = true

[reserved]
# Reserved ports that should not be allocated
system = "22 80 443 3306 5432 6379 27017"
development = "3000 8080 9000"' >"$draft" && command ln -- "$draft" "$file"
    exit 0
)

function tsm {
    if [[ ${1-} == init ]] && declare -F tetra_env_init >/dev/null; then
        tetra_env_init "${@:2}"
    else
        _tsm_run "$@"
    fi
}

tsm_module_init() {
    _tsm_variables
    printf '%s\n' 'TSM module initialized successfully'
}

_tsm_init_global_state() {
    _tsm_export TSM_GLOBAL_STATE_INITIALIZED true
}

tetra_tsm_start_python() {
    if [[ -z ${1-} ]]; then
        printf '%s\n' 'tsm: python start requires a command' >&2
        return 64
    fi
    _tsm_start_in "${3:-.}" "${4:-python-server}" "${2-}" "$1"
}

tetra_tsm_start_webserver() {
    _tsm_start_in "${1:-.}" webserver "${2:-8888}" "python3 -m http.server ${2:-8888}"
}

# Starts a command in a directory: DIR NAME PORT COMMAND, the port may be empty.
_tsm_start_in() (
    dir=$1
    [[ $dir == /* ]] || dir=./$dir
    if ! builtin cd -- "$dir" >/dev/null 2>&1; then
        printf "tsm: directory '%s' not found\n" "$1" >&2
        exit 66
    fi
    words=(--name "$2")
    [[ -z $3 ]] || words+=(--port "$3")
    _tsm_run start "${words[@]}" "$4"
)

# --- made from functions.tsv by scripts/generate-shims; do not edit
tetra_tsm_setup() { _tsm_run setup "$@"; }
tetra_tsm_start() { _tsm_run start "$@"; }
tetra_tsm_stop() { _tsm_run stop "$@"; }
tetra_tsm_restart() { _tsm_run restart "$@"; }
tetra_tsm_delete() { _tsm_run delete "$@"; }
tetra_tsm_kill() { _tsm_run kill "$@"; }
tetra_tsm_list() { _tsm_run __shim tetra_tsm_list "$@"; }
tetra_tsm_logs() { _tsm_run logs "$@"; }
tetra_tsm_info() { _tsm_run info "$@"; }
tetra_tsm_env() { _tsm_run env "$@"; }
tetra_tsm_paths() { _tsm_run paths "$@"; }
tetra_tsm_scan_ports() { _tsm_run scan-ports "$@"; }
tetra_tsm_ports() { _tsm_run ports "$@"; }
tetra_tsm_doctor() { _tsm_run doctor "$@"; }
tetra_tsm_save() { _tsm_run save "$@"; }
tetra_tsm_enable() { _tsm_run enable "$@"; }
tetra_tsm_disable() { _tsm_run disable "$@"; }
tetra_tsm_rm() { _tsm_run rm "$@"; }
tetra_tsm_startup() { _tsm_run startup "$@"; }
tetra_tsm_show_service() { _tsm_run show "$@"; }
tetra_tsm_list_services() { _tsm_run services "$@"; }
tetra_tsm_start_service() { _tsm_run __shim tetra_tsm_start_service "$@"; }
tetra_tsm_start_command() { _tsm_run __shim tetra_tsm_start_command "$@"; }
tetra_tsm_start_cli() { _tsm_run __shim tetra_tsm_start_cli "$@"; }
tsm_start_any_command() { _tsm_run __shim tsm_start_any_command "$@"; }
tetra_tsm_stop_single() { _tsm_run __shim tetra_tsm_stop_single "$@"; }
tetra_tsm_stop_by_id() { _tsm_run __shim tetra_tsm_stop_single "$@"; }
tetra_tsm_delete_single() { _tsm_run __shim tetra_tsm_delete_single "$@"; }
tetra_tsm_delete_by_id() { _tsm_run __shim tetra_tsm_delete_single "$@"; }
tetra_tsm_restart_single() { _tsm_run __shim tetra_tsm_restart_single "$@"; }
tetra_tsm_restart_by_id() { _tsm_run __shim tetra_tsm_restart_single "$@"; }
tetra_tsm_is_running() { _tsm_run __shim tetra_tsm_is_running "$@"; }
tetra_tsm_is_running_by_name() { _tsm_run __shim tetra_tsm_is_running "$@"; }
tetra_tsm_is_running_by_id() { _tsm_run __shim tetra_tsm_is_running_by_id "$@"; }
tetra_tsm_resolve_name() { _tsm_run __shim tetra_tsm_resolve_name "$@"; }
tetra_tsm_resolve_to_id() { _tsm_run __shim tetra_tsm_resolve_to_id "$@"; }
tetra_tsm_id_to_name() { _tsm_run __shim tetra_tsm_id_to_name "$@"; }
tetra_tsm_name_to_id() { _tsm_run __shim tetra_tsm_name_to_id "$@"; }
tetra_tsm_get_next_id() { _tsm_run __shim tetra_tsm_get_next_id "$@"; }
tetra_tsm_reset_id() { _tsm_run __shim tetra_tsm_reset_id "$@"; }
tetra_tsm_extract_port() { _tsm_run __shim tetra_tsm_extract_port "${1-}" "${PORT-}" "${TETRA_PORT-}"; }
tsm_is_pid_alive() { _tsm_run __shim tsm_is_pid_alive "$@"; }
tsm_process_exists() { _tsm_run __shim tetra_tsm_is_running "$@"; }
tsm_get_port_pid() { _tsm_run __shim tsm_get_port_pid "$@"; }
tsm_read_metadata() { _tsm_run __shim tsm_read_metadata "$@"; }
tsm_list_processes() { _tsm_run __shim _tsm_all_names "$@"; }
tsm_find_by_port() { _tsm_run __shim tsm_find_by_port "$@"; }
tsm_list_running() { _tsm_run list running "$@"; }
tsm_list_available() { _tsm_run list available "$@"; }
tsm_list_all() { _tsm_run list available "$@"; }
tsm_patrol() { _tsm_run patrol "$@"; }
tsm_patrol_silent() { _tsm_run __shim tsm_patrol_silent "$@"; }
tsm_module_actions() { _tsm_run __shim tsm_module_actions "$@"; }
tsm_module_properties() { _tsm_run __shim tsm_module_properties "$@"; }
tsm_module_info() { _tsm_run __shim tsm_module_info "$@"; }
tsm_tview_commands() { _tsm_run __shim tsm_tview_commands "$@"; }
tsm_tview_dispatch() { _tsm_run __shim tsm_tview_dispatch "$@"; }
tsm_tview_status() { _tsm_run __shim tsm_tview_status "${TSM_DIR-}"; }
tsm_tview_list() { _tsm_run __shim tsm_tview_list "$@"; }
tview_tsm_get_services() { _tsm_run __shim _tsm_service_names "$@"; }
tview_tsm_get_enabled_services() { _tsm_run __shim tview_tsm_get_enabled_services "$@"; }
tview_tsm_service_status() { _tsm_run __shim tview_tsm_service_status "$@"; }
tview_tsm_service_info() { _tsm_run __shim tview_tsm_service_info "$@"; }
tview_tsm_status() { _tsm_run __shim tview_tsm_status "$@"; }
tsm_monitor_resolve_log_file() { _tsm_run __shim tsm_monitor_resolve_log_file "$@"; }
tsm_monitor_service() { _tsm_run monitor "$@"; }
tsm_monitor_stream() { _tsm_run stream "$@"; }
tsm_monitor_dashboard() { _tsm_run dashboard "$@"; }
tsm_analyze_click_timing() { _tsm_run clicks "$@"; }
tsm_analyze_user_journey() { _tsm_run journey "$@"; }
tsm_analyze_click_performance() { _tsm_run click-perf "$@"; }
tsm_extract_sessions() { _tsm_run sessions "$@"; }
tsm_disambiguate_users() { _tsm_run users "$@"; }
tsm_analyze_user_patterns() { _tsm_run patterns "$@"; }
tsm_repl_main() { _tsm_run repl "$@"; }
tsm_get_named_port() { _tsm_run __shim tsm_get_named_port "$@"; }
tsm_get_port_owner() { _tsm_run __shim tsm_get_port_owner "$@"; }
tsm_resolve_service_port() { _tsm_run __shim tsm_resolve_service_port "$@"; }
tsm_list_named_ports() { _tsm_run __shim tsm_list_named_ports "$@"; }
tsm_set_named_port() { _tsm_run ports set "${1-}" "${2-}"; }
tsm_remove_named_port() { _tsm_run ports remove "${1-}"; }
tsm_get_service_port() { _tsm_run __shim tsm_get_service_port "$@"; }
tsm_discover_port() { _tsm_run __shim tsm_discover_port "$@"; }
tsm_detect_type() { _tsm_run __shim tsm_detect_type "$@"; }
tsm_resolve_interpreter() { _tsm_run __shim tsm_resolve_interpreter "$@"; }
tsm_generate_process_name() { _tsm_run __shim tsm_generate_process_name "$@"; }
tsm_json_error() { _tsm_run __shim tsm_json_error "$@"; }
tsm_json_success() { _tsm_run __shim tsm_json_success "$@"; }
tsm_list_service_names() { _tsm_run __shim _tsm_service_names "$@"; }
_tsm_service_names() { _tsm_run __shim _tsm_service_names "$@"; }
_tsm_running_names() { _tsm_run __shim _tsm_running_names "$@"; }
_tsm_all_names() { _tsm_run __shim _tsm_all_names "$@"; }
_tsm_toml_get() { _tsm_run __shim _tsm_toml_get "$@"; }
# --- end of what is made from functions.tsv

# shellcheck source=compat/tsm_resource_manager.sh
source "$_tsm_dir/tsm_resource_manager.sh"

_tsm_variables
_tsm_find || :
if [[ -n ${TETRA_DIR-} && ! -e $TETRA_DIR/config/ports.toml && ! -L $TETRA_DIR/config/ports.toml ]]; then
    _tsm_create_ports "$TETRA_DIR/config/ports.toml" >/dev/null 2>&1 || :
fi
if declare -F tetra_module_register >/dev/null; then
    tetra_module_register tsm "$_tsm_dir" active >/dev/null 2>&1 || :
fi

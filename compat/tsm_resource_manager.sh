#!/usr/bin/env bash
# Sourced: functions that run commands and read logs within limits. They know only the processes that they started, and
# signal no other. bash 3.2 must be able to parse this file.

# The books: id and pid of each that was started and has not been seen to end. Scripts look into them.
declare -p TSM_ACTIVE_PROCESSES >/dev/null 2>&1 || declare -gA TSM_ACTIVE_PROCESSES=() 2>/dev/null || :

# A whole number from 1, or the second word in its place.
_tsm_count() {
    case $1 in
        '' | *[!0-9]* | 0*) printf '%s' "$2" ;;
        *) printf '%s' "$1" ;;
    esac
}

# Whether a process is a running child of this shell.
_tsm_job_runs() {
    case "
$(jobs -rp)
" in
        *"
$1
"*) return 0 ;;
    esac
    return 1
}

# Kills what still runs of one that did not end. timeout(1) leads a process group of its own.
_tsm_job_kill() {
    ! _tsm_job_runs "$1" || kill -KILL -- "-$1" 2>/dev/null || :
}

# Takes those that have ended out of the books.
_tsm_jobs_settle() {
    local id
    for id in "${!TSM_ACTIVE_PROCESSES[@]}"; do
        _tsm_job_runs "${TSM_ACTIVE_PROCESSES[$id]}" || _tsm_job_end "$id"
    done
}

# Reaps one and takes it out of the books.
_tsm_job_end() {
    wait "${TSM_ACTIVE_PROCESSES[$1]}" 2>/dev/null || :
    unset "TSM_ACTIVE_PROCESSES[$1]"
}

# Starts CMD with a time limit, as soon as fewer than the most are running. _tsm_job_id is its name in the books.
_tsm_job_begin() {
    local most
    most=$(_tsm_count "${TSM_MAX_CONCURRENT_PROCESSES-}" 5)
    _tsm_jobs_settle
    while [[ ${#TSM_ACTIVE_PROCESSES[@]} -ge $most ]]; do
        command sleep 0.05
        _tsm_jobs_settle
    done
    { command timeout "${2:-${TSM_PROCESS_TIMEOUT:-30}}" bash -c "$1" </dev/null >/dev/null 2>&1 & } 2>/dev/null
    _tsm_job_number=$((${_tsm_job_number:-0} + 1))
    _tsm_job_id=tsm_${!}_$(command date +%s)_$_tsm_job_number
    TSM_ACTIVE_PROCESSES[$_tsm_job_id]=$!
}

# tsm_start_managed_process CMD [TIMEOUT]: prints the id of what it started.
tsm_start_managed_process() {
    _tsm_job_begin "${1-}" "${2-}"
    printf '%s\n' "$_tsm_job_id"
}

# tsm_wait_for_process ID [TIMEOUT]: one that takes longer is ended.
tsm_wait_for_process() {
    local pid deadline
    [[ -n ${1-} && -n ${TSM_ACTIVE_PROCESSES[$1]-} ]] || return 0
    pid=${TSM_ACTIVE_PROCESSES[$1]}
    deadline=$((SECONDS + $(_tsm_count "${2-}" 30)))
    while _tsm_job_runs "$pid" && [[ $SECONDS -lt $deadline ]]; do
        command sleep 0.05
    done
    if _tsm_job_runs "$pid"; then
        kill -TERM "$pid" 2>/dev/null || :
        command sleep 1
    fi
    _tsm_job_kill "$pid"
    _tsm_job_end "$1"
}

# tsm_safe_exec CMD [DESCRIPTION] [TIMEOUT]: runs it to its end.
tsm_safe_exec() {
    _tsm_job_begin "${1-}" "${3-}"
    tsm_wait_for_process "$_tsm_job_id" "${3-}"
}

# tsm_batch_process ARRAY [COUNT] [TIMEOUT]: runs the commands in an array, so many at a time, to their end.
tsm_batch_process() {
    local _tsm_all="${1-}[@]" _tsm_most _tsm_command _tsm_each
    local -a _tsm_begun
    [[ ${1-} =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] && declare -p "$1" >/dev/null 2>&1 || return 0
    _tsm_most=$(_tsm_count "${2-}" 3)
    _tsm_begun=()
    for _tsm_command in ${!_tsm_all+"${!_tsm_all}"}; do
        _tsm_job_begin "$_tsm_command" "${3-}"
        _tsm_begun+=("$_tsm_job_id")
        [[ ${#_tsm_begun[@]} -ge $_tsm_most ]] || continue
        for _tsm_each in "${_tsm_begun[@]}"; do tsm_wait_for_process "$_tsm_each" "${3-}"; done
        _tsm_begun=()
    done
    for _tsm_each in ${_tsm_begun[@]+"${_tsm_begun[@]}"}; do tsm_wait_for_process "$_tsm_each" "${3-}"; done
    return 0
}

# Ends all that were started here and still run.
tsm_cleanup_all_processes() {
    local id deadline=$((SECONDS + 2))
    printf '%s\n' '🧹 Cleaning up all managed processes...' >&2
    _tsm_jobs_settle
    for id in "${!TSM_ACTIVE_PROCESSES[@]}"; do
        kill -TERM "${TSM_ACTIVE_PROCESSES[$id]}" 2>/dev/null || :
    done
    while [[ ${#TSM_ACTIVE_PROCESSES[@]} -gt 0 && $SECONDS -le $deadline ]]; do
        command sleep 0.05
        _tsm_jobs_settle
    done
    for id in "${!TSM_ACTIVE_PROCESSES[@]}"; do
        _tsm_job_kill "${TSM_ACTIVE_PROCESSES[$id]}"
        _tsm_job_end "$id"
    done
    printf '%s\n' '✅ Process cleanup complete' >&2
}

# tsm_check_system_limits [basic|detailed]
tsm_check_system_limits() {
    local files
    files=$(ulimit -n)
    if [[ ${1-} == detailed ]]; then
        printf '%s\n' '🔍 System Resource Check:' '========================' "Open files limit: $files"
    elif [[ $files != *[!0-9]* && $files -lt 256 ]]; then
        printf '%s\n' "⚠️  Warning: Low open files limit ($files). Consider: ulimit -n 1024" >&2
    fi
}

# tsm_safe_pgrep PATTERN [MAX]
tsm_safe_pgrep() {
    command timeout 5 pgrep -- "${1-}" 2>/dev/null | command head -n "$(_tsm_count "${2-}" 50)" || :
}

# tsm_safe_log_processing FILE [PATTERN] [MAX] [TIMEOUT]: the lines that match a basic regular expression.
tsm_safe_log_processing() {
    local limit=${4:-15}
    if [[ ! -f ${1-} ]]; then
        printf '%s\n' "Log file not found: ${1-}" >&2
        return 1
    fi
    command timeout "$limit" tail -n "$(_tsm_count "${3-}" 1000)" -- "$1" |
        command timeout "$limit" grep -a -e "${2:-TETRA:}" 2>/dev/null || :
}

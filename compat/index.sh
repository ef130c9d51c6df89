#!/usr/bin/env bash
# Sourced: completion of tsm in bash, and a word about tsm to the module registry where there is one.
_tsm_here=${BASH_SOURCE[0]}
[[ $_tsm_here == */* ]] || _tsm_here=./$_tsm_here
# shellcheck source=compat/completions/tsm.bash
source "${_tsm_here%/*}/completions/tsm.bash"

_tsm_complete() {
    _tsm_completion "$@"
}

if declare -F tetra_register_module_meta >/dev/null; then
    tetra_register_module_meta tsm 'Tetra Service Manager: starts, watches, lists and stops processes' tsm \
        'tsm:setup|start|stop|restart|delete|kill|list|info|logs|env|paths|services|save|enable|disable|show|rm|startup|ports|scan-ports|doctor|repl' \
        core stable >/dev/null 2>&1 || :
fi

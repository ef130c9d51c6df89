#!/usr/bin/env bash
# Executed: the commands that watch logs under their old words. Sourced: the same as tsm.sh.
_tsm_here=${BASH_SOURCE[0]}
[[ $_tsm_here == */* ]] || _tsm_here=./$_tsm_here
# shellcheck source=compat/tsm.sh
source "${_tsm_here%/*}/tsm.sh"

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    case ${1-} in
        monitor | watch) _tsm_exec monitor "${@:2}" ;;
        stream) _tsm_exec stream "${@:2}" ;;
        dashboard | stats) _tsm_exec dashboard "${@:2}" ;;
        *) printf '%s\n' "Usage: ${0##*/} {monitor|watch|stream|dashboard|stats} [argument...]" ;;
    esac
fi

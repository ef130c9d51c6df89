#!/usr/bin/env bash
# Executed: the analytics of clicks under their old words. Sourced: the same as tsm.sh.
_tsm_here=${BASH_SOURCE[0]}
[[ $_tsm_here == */* ]] || _tsm_here=./$_tsm_here
# shellcheck source=compat/tsm.sh
source "${_tsm_here%/*}/tsm.sh"

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    case ${1-} in
        clicks | click-timing) _tsm_exec clicks "${@:2}" ;;
        journey | user-journey) _tsm_exec journey "${@:2}" ;;
        performance | click-perf) _tsm_exec click-perf "${@:2}" ;;
        *) printf '%s\n' "Usage: ${0##*/} {clicks|click-timing|journey|user-journey|performance|click-perf} [argument...]" ;;
    esac
fi

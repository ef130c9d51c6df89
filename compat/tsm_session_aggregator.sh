#!/usr/bin/env bash
# Executed: the analytics of sessions and users under their old words. Sourced: the same as tsm.sh.
_tsm_here=${BASH_SOURCE[0]}
[[ $_tsm_here == */* ]] || _tsm_here=./$_tsm_here
# shellcheck source=compat/tsm.sh
source "${_tsm_here%/*}/tsm.sh"

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    case ${1-} in
        sessions | extract) _tsm_exec sessions "${@:2}" ;;
        users | disambiguate) _tsm_exec users "${@:2}" ;;
        patterns | behavior) _tsm_exec patterns "${@:2}" ;;
        *) printf '%s\n' "Usage: ${0##*/} {sessions|extract|users|disambiguate|patterns|behavior} [argument...]" ;;
    esac
fi

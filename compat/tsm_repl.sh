#!/usr/bin/env bash
# Sourced by old callers: the same as tsm.sh.
_tsm_here=${BASH_SOURCE[0]}
[[ $_tsm_here == */* ]] || _tsm_here=./$_tsm_here
# shellcheck source=compat/tsm.sh
source "${_tsm_here%/*}/tsm.sh"

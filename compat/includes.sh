#!/usr/bin/env bash
# Sourced by the module loader of interactive shells: the functions, and completion.
_tsm_here=${BASH_SOURCE[0]}
[[ $_tsm_here == */* ]] || _tsm_here=./$_tsm_here
# shellcheck source=compat/tsm.sh
source "${_tsm_here%/*}/tsm.sh"
# shellcheck source=compat/index.sh
source "${_tsm_here%/*}/index.sh"

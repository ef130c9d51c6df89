# shellcheck shell=bash
# Completion of tsm in bash. What can follow is asked of tsm itself when Tab is pressed.
_tsm_completion() {
    local - IFS=$'\n' tsm=${TSM_BIN-} answer current=${COMP_WORDS[COMP_CWORD]-}
    [[ -x $tsm ]] || tsm=tsm
    answer=$(command "$tsm" __shim complete bash "$COMP_CWORD" "${COMP_WORDS[@]}" 2>/dev/null) || answer=
    # One of the words may be `*`.
    set -o noglob
    # shellcheck disable=SC2206 # one word a line
    COMPREPLY=($answer)
    if [[ ${COMPREPLY[0]-} == files ]]; then
        compopt -o filenames 2>/dev/null || :
        # shellcheck disable=SC2207 # one name a line
        COMPREPLY+=($(compgen -f -- "$current")) || :
    fi
    COMPREPLY=("${COMPREPLY[@]:1}")
}
complete -F _tsm_completion tsm

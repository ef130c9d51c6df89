#compdef tsm
# Completion of tsm in zsh. What can follow is asked of tsm itself when Tab is pressed.
_tsm() {
    local -a answer
    answer=("${(@f)$(command tsm __shim complete zsh $((CURRENT - 1)) "${words[@]}" 2>/dev/null)}")
    [[ $answer[1] == files ]] && _files
    shift answer
    (( $#answer )) && compadd -- "${answer[@]}"
}
if [[ $funcstack[1] == _tsm ]]; then _tsm "$@"; else compdef _tsm tsm; fi

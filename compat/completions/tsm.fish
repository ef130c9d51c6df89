# Completion of tsm in fish. What can follow is asked of tsm itself when Tab is pressed.
function __tsm_complete
    set -l before (commandline --tokenize --cut-at-cursor --current-process)
    set -l answer (command tsm __shim complete fish (count $before) $before (commandline --current-token --cut-at-cursor) 2>/dev/null)
    test "$answer[1]" = files; and __fish_complete_path (commandline --current-token --cut-at-cursor)
    printf '%s\n' $answer[2..-1]
end
complete --command tsm --no-files --arguments '(__tsm_complete)'

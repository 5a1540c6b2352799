#!/usr/bin/env bats
# Names that nobody sane gives, and what a file may carry in its own.

load helpers

@test "a run's name is one directory's, and none above" {
    for name in .. . a/b ../x /tmp/x ''; do
        run -2 --separate-stderr "$GNET" run -q tiny.yaml train.max_steps=1 --name "$name"
        [[ $stderr == *"error: "* ]]
        [ "${#stderr_lines[@]}" -eq 1 ]
    done
    [ ! -e runs ] || [ -z "$(ls -A runs)" ]
}

@test "spaces, quotes and bytes that are no text work in a run's name" {
    for name in 'a b' "it's" 'say "so"' $'caf\xe9'; do
        run -75 --separate-stderr "$GNET" run -q tiny.yaml train.max_steps=1 --name "$name"
        [ -e "runs/$name/checkpoints/last.safetensors" ]
        run -0 --separate-stderr "$GNET" compare --json "runs/$name"
    done
}

@test "what a path carries does not break the line or steer the terminal" {
    path=$'no\n\e[31mthing'
    for verb in check run summary eval; do
        run --separate-stderr "$GNET" "$verb" "$path"
        [ "$status" -ne 0 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ $stderr != *$'\e'* ]]
    done
}

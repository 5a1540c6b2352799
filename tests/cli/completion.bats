# Completion in bash, by the function that the shell calls, and the manual page.
load helpers

# complete WORD...: what is offered for the last one.
complete_words() {
    bash -c '
        source "$1/tools/completion/gnet.bash"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _gnet_complete
        printf "%s\n" "${COMPREPLY[@]}"' bash "$GNET_SOURCE_ROOT" "$GNET" "$@" | sort
}

@test "verbs" {
    [ "$(complete_words '' | xargs)" = \
        "bench check compare eval export help import init lr-find predict report run summary" ]
    [ "$(complete_words su)" = summary ]
    [ "$(complete_words help con)" = config ]
}

@test "a verb's options" {
    [ "$(complete_words run --re)" = --resume ]
    [ "$(complete_words eval x --s)" = --split ]
    [[ "$(complete_words bench --)" == *--conv-only* ]]
    [ "$(complete_words eval x --split v)" = val ]
}

@test "config keys, once the config is there" {
    [ "$(complete_words run tiny.yaml train.l | xargs)" = "train.log_every= train.loss= train.lr=" ]
    [ "$(complete_words summary tiny.yaml data.split.t)" = data.split.train= ]
    [ "$(complete_words run tin)" = tiny.yaml ]
}

@test "runs" {
    mkdir -p runs/one runs/two sweeps/s/lr=1 other
    touch runs/one/config.yaml runs/two/config.yaml sweeps/s/lr=1/config.yaml
    [ "$(complete_words compare r | xargs)" = "runs/one runs/two" ]
    [ "$(complete_words compare runs/one sw)" = sweeps/s/lr=1 ]
    [ "$(complete_words report sw)" = sweeps/s/lr=1 ]
    [ "$(complete_words report runs/one -o tin)" = tiny.yaml ]
    [ "$(complete_words run --resume runs/t)" = runs/two ]
}

@test "the manual page has every verb and option, and no line that roff would swallow" {
    "$GNET_SOURCE_ROOT/tools/man.sh" "$GNET" > gnet.1
    for verb in $("$GNET" help | sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p'); do
        grep -qxF ".SS gnet ${verb//-/\\-}" gnet.1
        for option in $("$GNET" help "$verb" | sed -n 's/^ *\(--[a-z-]*\).*/\1/p'); do
            grep -qF -- "${option//-/\\-}" gnet.1
        done
    done
    if command -v man > /dev/null; then
        [ -z "$(man --warnings -l gnet.1 2>&1 > /dev/null)" ]
    fi
}

# shellcheck shell=bash
# Completion of gnet's verbs, options, config keys and runs, for bash; zsh loads it by _gnet. What there
# is to complete is read from gnet's own help.

_gnet_verbs() {
    "$1" help 2> /dev/null | sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p'
}

_gnet_options() { # GNET VERB
    "$1" help "$2" 2> /dev/null | sed -n 's/^ *\(-[a-z], \)\{0,1\}\(--[a-z-]*\) .*/\2/p'
}

_gnet_keys() {
    "$1" help config 2> /dev/null | sed -n 's/^  \([a-z][a-z_.]*\)  .*/\1=/p'
}

# Directories of runs under runs/, sweeps/ and the path that was begun.
_gnet_runs() { # PATH_SO_FAR
    local file
    for file in "$1"*/config.yaml "$1"*/*/config.yaml runs/*/config.yaml sweeps/*/*/config.yaml; do
        [ ! -f "$file" ] || printf '%s\n' "${file%/config.yaml}"
    done | sort -u
}

# The verb, and how many arguments that are no options come before the word at hand.
_gnet_look_back() {
    local i word
    verb='' n_before=0
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -*) ;;
        *)
            if [ -z "$verb" ]; then verb=$word; else n_before=$((n_before + 1)); fi
            ;;
        esac
    done
}

_gnet_complete() {
    local gnet=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local verb n_before choices='' files='' IFS=$'\n'
    COMPREPLY=()
    _gnet_look_back
    case $prev in
    --resume) choices=$(_gnet_runs "$cur") ;;
    --split) choices=$'test\nval\ntrain' ;;
    --weights | --plot | --out | --output | -o) files=1 ;;
    --threads | --steps | --warm-up | --top | --from | --to | --name | =) return ;;
    --sort) choices=$'run\nstatus\nepochs\nbest_epoch\nval_loss\nval_acc\ntest_loss\ntest_acc\nseconds' ;;
    *)
        case $verb,$cur in
        ,*) choices=$(_gnet_verbs "$gnet") ;;
        *,-*) choices=$(_gnet_options "$gnet" "$verb") ;;
        help,*) choices=$(_gnet_verbs "$gnet")$'\nconfig' ;;
        compare,* | report,*) choices=$(_gnet_runs "$cur") ;;
        eval,* | predict,*)
            files=1
            [ "$n_before" -gt 0 ] || choices=$(_gnet_runs "$cur")
            [ "$verb,$n_before" = eval,0 ] || [ "$verb" = predict ] || choices=$(_gnet_keys "$gnet")
            ;;
        import,*)
            if [ "$n_before" -lt 2 ]; then files=1; else choices=$(_gnet_keys "$gnet"); fi
            ;;
        export,*)
            files=1
            [ "$n_before" -gt 0 ] || choices=$(_gnet_runs "$cur")
            ;;
        *)
            if [ "$n_before" -eq 0 ]; then files=1; else choices=$(_gnet_keys "$gnet"); fi
            ;;
        esac
        ;;
    esac
    # zsh has no mapfile. Words are split at line ends alone.
    # shellcheck disable=SC2207
    [ -z "$choices" ] || COMPREPLY=($(compgen -W "$choices" -- "$cur"))
    # shellcheck disable=SC2207
    [ -z "$files" ] || COMPREPLY+=($(compgen -f -- "$cur"))
    if [[ ${COMPREPLY[0]:-} == *= ]] && type compopt > /dev/null 2>&1; then
        compopt -o nospace 2> /dev/null
    fi
    return 0
}

complete -o filenames -F _gnet_complete gnet

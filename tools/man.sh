#!/usr/bin/env bash
# Writes gnet's manual page, of what its help says.
set -euo pipefail

usage() {
    cat <<END
usage: tools/man.sh GNET > gnet.1

Writes the manual page of the command GNET. The build does so, and installs it.
END
}

gnet=

# Text for roff: backslashes, hyphens, and a dot or apostrophe that begins a line.
escape() {
    sed -e 's/\\/\\e/g' -e 's/-/\\-/g' -e "s/^\([.']\)/\\\\\&\1/"
}

verbatim() {
    printf '.nf\n'
    escape
    printf '.fi\n'
}

verbs() {
    "$gnet" help | sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p'
}

verb() { # VERB
    local help
    help=$("$gnet" help "$1")
    printf '.SS gnet %s\n' "$(escape <<< "$1")"
    sed -n '1s/^[^:]*: //p' <<< "$help" | escape
    printf '.PP\n'
    sed -n '3,/^options:/p' <<< "$help" | sed '/^options:/d; s/^usage: //; s/^       gnet/gnet/' | verbatim
    printf '.PP\n'
    # The verb's own options; those of all are told once.
    sed -n '/^options:/,/^ *-h, --help/p' <<< "$help" | sed '1d; $d' | escape |
        sed 's/^ *\(.*[^ ]\)   *\([^ ].*\)$/.TP\n\\fB\1\\fR\n\2/'
    printf '.PP\nExamples:\n'
    sed -n '/^examples:/,$p' <<< "$help" | sed 1d | verbatim
}

main() {
    case ${1:-} in
    '' | -h | --help)
        usage
        [ $# -gt 0 ]
        exit
        ;;
    esac
    gnet=$1
    local name
    cat <<'END'
.TH GNET 1 "" "gnet" "User Commands"
.SH NAME
gnet \- trains GoogLeNet-family networks on CPUs, from one YAML file
.SH SYNOPSIS
.B gnet
.I VERB
[\fIARGUMENT\fR...] [\fIOPTION\fR...]
.SH VERBS
END
    for name in $(verbs); do
        verb "$name"
    done
    printf '.SH OPTIONS OF EVERY VERB\n'
    "$gnet" help | sed -n '/^options of every verb:/,/^$/p' | sed '1d' | verbatim
    printf '.SH CONFIG\nKeys of a config, as in its sections or as overrides KEY=VALUE:\n.PP\n'
    "$gnet" help config | verbatim
    cat <<'END'
.SH EXIT STATUS
.TP
0
done
.TP
1
a file, the machine or a library failed
.TP
2
the command line or the config is wrong; nothing was done
.TP
3
diverged: the loss is no longer finite
.TP
75
stopped early with a checkpoint: train.max_steps, or SIGUSR1
.TP
130, 143, 129
the same, after SIGINT, SIGTERM, SIGHUP
.SH ENVIRONMENT
.TP
GNET_DATA
where data sets that a config names are looked up first
.TP
XDG_CACHE_HOME
where the timings of convolutions are kept, in gnet/algorithms.json; ~/.cache by default
.TP
NO_COLOR
no colours on a terminal, if it is set
END
}

main "$@"

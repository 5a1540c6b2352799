# Wrong calls, and the help that they point to.
load helpers

# One line on stderr, nothing on stdout, exit code 2.
refuses() { # TEXT ARGUMENT...
    local text=$1
    shift
    run -2 --separate-stderr "$GNET" "$@"
    [ -z "$output" ]
    [[ ${stderr_lines[0]} == "gnet: error: "*"$text"* ]]
}

@test "no verb: the overview on stderr" {
    run -2 --separate-stderr "$GNET"
    [ -z "$output" ]
    [[ $stderr == *"usage: gnet VERB"* ]]
}

@test "an unknown verb is refused, with a suggestion where one is near" {
    refuses "unknown verb 'sumary' (did you mean 'summary'?); see 'gnet help'" sumary
    refuses "unknown verb 'rnu' (did you mean 'run'?)" rnu
    refuses "unknown verb 'frobnicate'; see 'gnet help'" frobnicate
    refuses "unknown verb ''" ""
}

@test "an unknown option is refused, with a suggestion where one is near" {
    refuses "unknown option '--thread' (did you mean '--threads'?); see 'gnet help run'" \
        run tiny.yaml --thread 2
    refuses "unknown option '--zzz'; see 'gnet help eval'" eval --zzz
    refuses "unknown option '-x'" run -x tiny.yaml
    refuses "unknown option '--threads'" --threads 2 run tiny.yaml
    refuses "unknown option '--resume'" summary tiny.yaml --resume runs/tiny-1
}

@test "an option's value is checked" {
    refuses "option '--threads' needs a value" run tiny.yaml --threads
    refuses "option '--name' needs a value" run tiny.yaml --name --json
    refuses "option '--name' needs a value" run tiny.yaml --name=
    for value in 0 -1 2x 1.5 99999999999999999999; do
        refuses "option '--threads' takes a number from 1, not '$value'" \
            run tiny.yaml "--threads=$value"
    done
    for verb in run summary; do
        refuses "there can be 1 to 1024 threads, not 1000000" "$verb" tiny.yaml --threads 1000000
    done
    refuses "option '--json' takes no value" run tiny.yaml --json=yes
    refuses "'--quiet' and '--verbose' exclude each other" run tiny.yaml -qv
}

@test "a config is needed, first and once" {
    for verb in run check summary; do
        refuses "'gnet $verb' needs a config" "$verb"
        refuses "'gnet $verb' needs a config before the override 'train.lr=1'" \
            "$verb" train.lr=1 tiny.yaml
        refuses "'other.yaml' is not an override KEY=VALUE" "$verb" tiny.yaml other.yaml
    done
    refuses "'gnet eval' needs a run or a checkpoint" eval
    refuses "nothing else can follow a run or a checkpoint" eval runs/tiny-1 runs/tiny-2
}

@test "run without a config shows how it is called" {
    run -2 --separate-stderr "$GNET" run
    [[ $stderr == *"usage: gnet run CONFIG"*"--resume RUN"* ]]
}

@test "--resume takes nothing that the run has settled" {
    refuses "it cannot be combined with 'tiny.yaml'" run tiny.yaml --resume runs/tiny-1
    refuses "'--force' is for '--resume'" run tiny.yaml --force
    for option in name out weights; do
        refuses "it cannot be combined with '--$option'" run --resume runs/tiny-1 "--$option=x"
    done
}

@test "a config that is not there is named" {
    run -1 --separate-stderr "$GNET" run nowhere.yaml
    [[ $stderr == *"nowhere.yaml"* ]]
}

@test "every verb has help with its options and examples" {
    for verb in run eval summary check help; do
        run -0 --separate-stderr "$GNET" help "$verb"
        [ -z "$stderr" ]
        [[ $output == *"usage: gnet $verb"*"options:"*"--quiet"*"examples:"*"gnet $verb"* ]]
        local help=$output
        run -0 "$GNET" "$verb" --help
        [ "$output" = "$help" ]
        run -0 "$GNET" -h "$verb"
        [ "$output" = "$help" ]
    done
}

@test "the overview lists the verbs" {
    run -0 --separate-stderr "$GNET" help
    for verb in run eval summary check help; do
        [[ $output == *$'\n'"  $verb "* ]]
    done
    local overview=$output
    run -0 "$GNET" --help
    [ "$output" = "$overview" ]
}

@test "help config names every section's keys" {
    run -0 "$GNET" help config
    for key in batch_size classes split epochs optimizer lr shards log_every; do
        [[ $output == *"$key"* ]]
    done
}

@test "help of what there is none" {
    refuses "unknown verb 'confg' (did you mean 'config'?)" help confg
    refuses "takes one verb, not 'eval' as well" help run eval
}

@test "--version says those of gnet and oneDNN, and the ISA" {
    run -0 --separate-stderr "$GNET" --version
    [[ $output =~ ^gnet\ [0-9]+\.[0-9]+\.[0-9]+\ \(oneDNN\ [0-9.]+,\ ISA\ [a-z0-9_]+\)$ ]]
}

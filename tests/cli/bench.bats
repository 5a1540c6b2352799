# gnet bench: where the time of a config's steps goes. No test looks at how long anything takes.
load helpers

@test "layers, types and parts, each in a table of its own" {
    run -0 --separate-stderr "$GNET" bench tiny.yaml --steps 2
    [[ ${lines[0]} =~ ^layer\ +type\ +direction\ +implementation\ +ms\ +share\ +GFLOP/s$ ]]
    [[ $output =~ b1\.0\ +conv\ +forward ]]
    [[ $output =~ b1\.0\ +conv\ +backward\ weights ]]
    [[ $output =~ $'\n'conv\ +backward\ data ]]
    [[ $output =~ $'\n'everything\ else ]]
    [[ $output =~ $'\n'step\ +[0-9.]+\ +100\.0% ]]
    [[ $output != *"bare convolutions"* ]]
    [[ $output =~ images/s.*GFLOP/s.*peak\ memory\ [0-9.]+\ MiB ]]
    [[ $stderr = "gnet: timing the algorithms of "*" convolutions, once on this machine" ]]
    run -0 --separate-stderr "$GNET" bench tiny.yaml --steps 2
    [[ -z $stderr ]]
}

@test "--conv-only stands beside the step" {
    run -0 --separate-stderr "$GNET" bench tiny.yaml --steps 2 --conv-only
    [[ $output =~ $'\n'bare\ convolutions\ +[0-9.]+ ]]
}

@test "--json: the keys, and parts that add up to the step" {
    run -0 --separate-stderr "$GNET" bench tiny.yaml --steps 3 --warm-up 1 --conv-only --json
    [ "$(json 'len(rows)' <<< "$output")" = 1 ]
    [ "$(json 'all(rows[0][key] > 0 for key in
        ("step_ms", "images_per_s", "peak_rss_mib", "conv_only_ms", "peak_gflop_per_s"))' \
        <<< "$output")" = True ]
    [ "$(json 'abs(rows[0]["step_ms"] - sum(rows[0][part + "_ms"] for part in
        ("loader", "forward", "backward", "optimizer", "other"))) < 1e-6' <<< "$output")" = True ]
    [ "$(json 'rows[0]["steps"], rows[0]["images"], rows[0]["shards"]' <<< "$output")" = \
        "(3, 32, 2)" ]
    [ "$(json 'sum(row["macs"] for row in rows[0]["layers"]) - sum(row["macs"]
        for row in rows[0]["types"])' <<< "$output")" = 0 ]
}

@test "--json: conv_only_ms is null where it was not asked for" {
    run -0 --separate-stderr "$GNET" bench tiny.yaml --steps 1 --json
    [ "$(json 'rows[0]["conv_only_ms"]' <<< "$output")" = None ]
}

@test "--eval goes forward alone" {
    run -0 --separate-stderr "$GNET" bench tiny.yaml --steps 1 --eval
    [[ $output != *backward* ]]
    [[ $output != *optimizer* ]]
}

@test "nothing is written, and overrides count" {
    mkdir empty
    cd empty
    run -0 --separate-stderr "$GNET" bench ../tiny.yaml data.batch_size=16 --steps 1 --json
    [ "$(json 'rows[0]["images"]' <<< "$output")" = 16 ]
    [ -z "$(ls -A)" ]
}

@test "a wrong call is refused" {
    run -2 --separate-stderr "$GNET" bench tiny.yaml --steps 0
    [[ $stderr == *"option '--steps' takes a number from 1, not '0'"* ]]
    run -2 --separate-stderr "$GNET" bench tiny.yaml --steps 100001
    [[ $stderr == *"there can be 1 to 100000 steps, not 100001"* ]]
    run -2 --separate-stderr "$GNET" bench tiny.yaml model.input=[3,28,28]
    [ -z "$output" ]
}

@test "a signal stops it" {
    "$GNET" bench tiny.yaml --steps 100000 > out 2> err 3>&- &
    pid=$!
    sleep 1
    kill -TERM "$pid"
    wait_for_run
    [ "$code" = 143 ]
    [[ $(< err) == *"stopped before every step was measured"* ]]
    [ ! -s out ]
}

@test "each direction is done by the algorithm that the config tells" {
    local layer=b2.0.branch3x3.2
    run -0 --separate-stderr "$GNET" bench tiny.yaml --steps 1 --json model.stages.b1.0.conv.out=16 \
        'model.stages.b2.0.inception=[16, 16, 16, 16, 16, 16]' \
        "train.algorithms={$layer: [winograd, direct, winograd]}"
    [ "$(json "[row['implementation'] == 'gnet:winograd' for row in rows[0]['layers']
        if row['layer'] == '$layer' and row['type'] == 'conv']" <<< "$output")" = \
        "[True, False, True]" ]
    [ "$(json "sum(row['implementation'].startswith('gnet:') and row['type'] == 'conv'
        for row in rows[0]['layers'])" <<< "$output")" = 2 ]
}

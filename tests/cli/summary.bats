# gnet summary: what a config's network is made of.
load helpers

@test "the reference network has SPEC's parameters and MACs" {
    run -0 --separate-stderr "$GNET" summary "$GNET_SOURCE_ROOT/configs/googlenet_fashion.yaml"
    [[ ${lines[0]} =~ ^name\ +type\ +output\ +parameters\ +MACs$ ]]
    [[ $output =~ total\ +5,977,530\ +1,50[23],[0-9]{3},[0-9]{3} ]]
    [[ $output =~ b3\.0\.branch3x3\.0\ +conv\ +96\ x\ 28\ x\ 28\ +18,528 ]]
    [[ $output =~ memory:\ weights\ [0-9.]+\ MiB ]]
}

@test "an override changes the network" {
    run -0 --separate-stderr "$GNET" summary tiny.yaml model.stages.b1.0.conv.out=16
    [[ $output =~ b1\.0\ +conv\ +16\ x\ 14\ x\ 14\ +160 ]]
}

@test "--json: the layers add up to the totals" {
    run -0 --separate-stderr "$GNET" summary tiny.yaml --json
    [ "$(json 'len(rows)' <<< "$output")" = 1 ]
    for key in parameters macs; do
        [ "$(json "rows[0]['$key'] - sum(layer['$key'] for layer in rows[0]['layers'])" \
            <<< "$output")" = 0 ]
    done
    [ "$(json 'rows[0]["shards"]' <<< "$output")" = 2 ]
}

@test "nothing is timed, and nothing written" {
    run -0 "$GNET" summary tiny.yaml
    [ ! -e "$XDG_CACHE_HOME" ]
}

# gnet summary: what a config's network is made of.
load helpers

@test "the reference network has GoogLeNet's parameters and MACs" {
    run -0 --separate-stderr "$GNET" summary "$GNET_SOURCE_ROOT/configs/googlenet_fashion.yaml"
    [[ ${lines[0]} =~ ^name\ +type\ +output\ +sees\ +parameters\ +MACs$ ]]
    [[ $output =~ total\ +5,977,530\ +1,50[23],[0-9]{3},[0-9]{3} ]]
    [[ $output =~ b3\.0\.branch3x3\.0\ +conv\ +96\ x\ 28\ x\ 28\ +27\ +18,528 ]]
    [[ $output =~ memory:\ weights\ [0-9.]+\ MiB ]]
}

@test "an override changes the network" {
    run -0 --separate-stderr "$GNET" summary tiny.yaml model.stages.b1.0.conv.out=16
    [[ $output =~ b1\.0\ +conv\ +16\ x\ 14\ x\ 14\ +3\ +160 ]]
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

@test "memory: forward and backward fit into what training takes, and grow with the batch" {
    run -0 --separate-stderr "$GNET" summary tiny.yaml
    [[ $output =~ activations\ at\ most\ [0-9.]+\ MiB\ forward,\ [0-9.]+\ MiB\ backward ]]
    run -0 --separate-stderr "$GNET" summary tiny.yaml --json
    small=$output
    [ "$(json '[0 < rows[0][key] <= rows[0]["training_bytes"] - rows[0]["state_bytes"]
        for key in ("forward_bytes", "backward_bytes")]' <<< "$small")" = "[True, True]" ]
    # Adam keeps two numbers a parameter, and each of the two shards has its gradients.
    [ "$(json 'rows[0]["state_bytes"] >= 4 * 4 * rows[0]["parameters"]' <<< "$small")" = True ]
    run -0 --separate-stderr "$GNET" summary tiny.yaml --json data.batch_size=64
    # 32 more images take at least their own pixels, and nothing more than doubles.
    [ "$(json '[rows[0][key] + 32 * 784 * 4 <= rows[1][key] <= 2 * rows[0][key]
        for key in ("forward_bytes", "backward_bytes")]' <<< "$small"$'\n'"$output")" = "[True, True]" ]
}

@test "nothing is timed, and nothing written" {
    run -0 "$GNET" summary tiny.yaml
    [ ! -e "$XDG_CACHE_HOME" ]
}

@test "threads that OpenMP binds to CPUs are as many as there are CPUs" {
    sed -i '/^  shards:/d; /^  threads:/d' tiny.yaml
    run -0 --separate-stderr "$GNET" summary tiny.yaml --json
    local shards
    shards=$(json 'rows[0]["shards"]' <<< "$output")
    run -0 --separate-stderr env OMP_PROC_BIND=true "$GNET" summary tiny.yaml --json
    [ "$(json 'rows[0]["shards"]' <<< "$output")" = "$shards" ]
}

# GoogLeNet's, which others computed as well: 7, 11, 19, 27, 59, 91, 107, 171, ... 715, 907.
@test "what a result sees of the image" {
    run -0 --separate-stderr "$GNET" summary "$GNET_SOURCE_ROOT/configs/googlenet_fashion.yaml" --json
    [ "$(json '[layer["receptive_field"] for name in ("b1.0", "b1.2", "b2.2", "b2.4", "b3.0", "b3.1",
        "b3.2", "b4.0", "b4.4", "b5.0", "b5.1", "b6.0", "b6.2")
        for layer in rows[0]["layers"] if layer["name"] == name]' <<< "$output")" = \
        "[7, 11, 19, 27, 59, 91, 107, 171, 427, 587, 715, 907, None]" ]
}

@test "--dot: a graph in which every layer hangs together" {
    run -0 --separate-stderr "$GNET" summary tiny.yaml --dot
    python3 - "$output" <<'PYTHON'
import re, sys
lines = sys.argv[1].splitlines()
assert lines[0] == "digraph network {" and lines[-1] == "}"
nodes = {m[1]: m[2] for m in (re.match(r'  (\w+) \[label="(.*?)\\n', line) for line in lines) if m}
edges = [line.split() for line in lines if " -> " in line]
targets = {edge[2] for edge in edges}
assert targets == set(nodes), (targets, nodes)
by_name = {name: node for node, name in nodes.items()}
into = lambda name: {nodes.get(edge[0], edge[0]) for edge in edges if edge[2] == by_name[name]}
assert into("b1.0") == {"images"}
assert into("b1.1") == {"b1.0"}
assert into("b1.2") == {"b1.1"}
assert len(into("b2.0")) == 4
PYTHON
    run -2 --separate-stderr "$GNET" summary tiny.yaml --dot --json
}

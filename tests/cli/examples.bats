# The examples of every verb's help, run as they stand there.
load helpers

# A shipped config under another name, made quick.
make_config() { # NAME
    sed -e "s/^name: .*/name: $1/" -e 's/^  epochs: .*/  epochs: 1/' -e 's/^  batch_size: .*/  batch_size: 16/' "$GNET_SOURCE_ROOT/configs/fashion_quick.yaml"
}

# The first 100 images of each part of the sample.
cut_sample() { # DIRECTORY
    python3 - "$GNET_SOURCE_ROOT/data/fashion-sample" "$1" << 'PYTHON'
import gzip, os, struct, sys
os.mkdir(sys.argv[2])
for part in ("train", "t10k"):
    for kind, head, size in (("images-idx3", 16, 784), ("labels-idx1", 8, 1)):
        with gzip.open(f"{sys.argv[1]}/{part}-{kind}-ubyte.gz") as file:
            data = file.read(head + 100 * size)
        with open(f"{sys.argv[2]}/{part}-{kind}-ubyte", "wb") as file:
            file.write(data[:4] + struct.pack(">I", 100) + data[8:])
PYTHON
}

# What the examples name: configs, runs, images, a data set below srv/, and the commands.
setup() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache PATH=$BATS_TEST_TMPDIR/bin:$PATH
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir -p bin configs srv photos/roses photos/tulips
    ln -s "$GNET" bin/gnet
    command -v dot > /dev/null || printf '#!/bin/sh\ngrep -q "^digraph"\n' > bin/dot
    [ ! -e bin/dot ] || chmod +x bin/dot
    make_config googlenet_fashion > configs/googlenet_fashion.yaml
    make_config fashion_quick > configs/fashion_quick.yaml
    make_config mine > mine.yaml
    cut_sample srv/fashion-mnist
    export GNET_DATA=$PWD/srv # for configs that say fashion-mnist
    for image in shirt.png photos/{1,2}.jpg photos/{roses,tulips}/{1,2,3,4,5}.png; do
        printf 'P2 2 2 255 0 100 200 %d\n' 50 > "$image" # the content tells the format
    done
    gnet run -q configs/fashion_quick.yaml > /dev/null
    for name in googlenet_fashion-1 mine-1 lr-1 lr-2; do
        cp -r runs/fashion_quick-1 "runs/$name"
    done
    cp runs/mine-1/checkpoints/best.safetensors .
    gnet export runs/mine-1 torch.npz > /dev/null
    gnet export runs/mine-1 state_dict.safetensors > /dev/null
}

verbs() {
    gnet help | sed -n 's/^  \([a-z][a-z-]*\)  *[a-z].*/\1/p'
}

examples() { # VERB
    gnet help "$1" | sed -n '/^examples:/,$s/^  //p'
}

# Runs the examples of the verbs given; the name of a directory above the data is this test's own.
run_examples() { # VERB...
    local verb line n_bad=0
    for verb in "$@"; do
        while IFS= read -r line; do
            if ! bash -c "set -eo pipefail; ${line//\/srv\//$PWD/srv/}" > out 2> err < /dev/null; then
                printf '%s\n' "failed: $line" >&2
                cat err >&2
                n_bad=$((n_bad + 1))
            fi
        done < <(examples "$verb")
    done
    [ "$n_bad" -eq 0 ]
}

@test "every verb has examples, and --help says what help says" {
    [ "$(verbs | wc -l)" -ge 11 ]
    for verb in $(verbs); do
        [ -n "$(examples "$verb")" ]
        [ "$(gnet help "$verb")" = "$(gnet "$verb" --help)" ]
    done
}

@test "every example of every verb works" {
    mapfile -t all < <(verbs)
    run_examples "${all[@]}"
}

@test "an example that does not work is found" {
    examples() { echo 'gnet summary mine.yaml --dott | cat'; }
    run ! run_examples summary
    [[ $output == *"failed: gnet summary mine.yaml --dott"*"unknown option"* ]]
}

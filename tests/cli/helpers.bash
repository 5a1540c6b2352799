# What the tests of the command share. Each runs in a directory of its own; the binary is $GNET, and
# the sample of the data set is under $GNET_SOURCE_ROOT.

bats_require_minimum_version 1.5.0

# Threads that wait for each other let the machine's other tests have the CPU meanwhile.
export OMP_WAIT_POLICY=passive

# A network that trains on the sample in well under a second an epoch: 800 images, 25 steps.
write_config() { # FILE
    cat > "$1" <<END
name: tiny
seed: 7
data:
  path: "$GNET_SOURCE_ROOT/data/fashion-sample"
  classes: [T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot]
  resize: 28
  batch_size: 32
model:
  input: [1, 28, 28]
  stages:
    b1:
      - conv: {out: 8, kernel: 3, stride: 2, pad: 1}
      - relu
      - max_pool: {kernel: 2, stride: 2}
    b2:
      - inception: [4, 9, 16, 8, 4, 4]
    b3:
      - avg_pool: global
      - flatten
      - linear: {out: 10}
train:
  epochs: 2
  shards: 2
  threads: 2
END
}

setup() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache # nothing of the user's is read or written
    cd "$BATS_TEST_TMPDIR" || return 1
    unset NO_COLOR GNET_DATA
    write_config tiny.yaml
}

# Every line of standard input is a JSON object; prints the value of a Python expression of `rows`.
json() { # EXPRESSION
    python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(eval(sys.argv[1]))' "$1"
}

# The digest of each tensor of a safetensors file: its metadata aside.
tensor_digests() { # FILE
    python3 - "$1" <<'END'
import hashlib, json, struct, sys
data = open(sys.argv[1], "rb").read()
n_header, = struct.unpack("<Q", data[:8])
for name, tensor in sorted(json.loads(data[8:8 + n_header]).items()):
    if name != "__metadata__":
        begin, end = (8 + n_header + offset for offset in tensor["data_offsets"])
        print(name, tensor["dtype"], tensor["shape"], hashlib.sha256(data[begin:end]).hexdigest())
END
}

# Starts `gnet run` with more epochs than anyone waits for, and returns once the first is done.
# Its process is $pid, its streams are in the files out and err.
start_long_run() { # ARGUMENT...
    "$GNET" run tiny.yaml "$@" > out 2> err 3>&- &
    pid=$!
    for _ in $(seq 600); do
        if grep -q '^ *1 ' out; then
            return 0
        fi
        if ! kill -0 "$pid" 2> /dev/null; then
            break
        fi
        sleep 0.1
    done
    cat err >&2
    return 1
}

# The exit code of $pid, in $code.
wait_for_run() {
    code=0
    wait "$pid" || code=$?
}

# A copy of the sample whose files a test may damage.
copy_data() { # DIRECTORY
    cp -r "$GNET_SOURCE_ROOT/data/fashion-sample" "$1"
    chmod -R u+w "$1"
}

# gnet import: weights of other programs.
load helpers

# A run, its weights in both formats, and the tool npz.py that writes variants of the archive.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    write_config tiny.yaml
    "$GNET" run -q tiny.yaml train.epochs=1 > /dev/null 3>&-
    cp runs/tiny-1/config.yaml config.yaml
    "$GNET" export runs/tiny-1 w.npz
    "$GNET" export runs/tiny-1 w.safetensors
    cat > npz.py <<'PYTHON'
"""npz.py FROM TO CHANGE...: a copy of an .npz with its members changed, by Python's own zip writer."""
import ast, struct, sys, zipfile

def read(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            npy = archive.read(name)
            n, = struct.unpack("<H", npy[8:10])
            header = ast.literal_eval(npy[10:10 + n].decode())
            yield name, header, npy[10 + n:]

def numbers(header, data):
    return struct.unpack(f"<{len(data) // 4}f", data)

def npy(header, data, version):
    text = repr(header).encode() + b"\n"
    length = struct.pack("<H", len(text)) if version == 1 else struct.pack("<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data

def fortran(shape, values):
    """Row-major to the first dimension fastest."""
    if len(shape) < 2:
        return list(values)
    out = []
    def walk(dims, strides, at):
        if not dims:
            out.append(values[at])
            return
        for i in range(dims[-1]):
            walk(dims[:-1], strides[:-1], at + i * strides[-1])
    strides = [1] * len(shape)
    for d in range(len(shape) - 2, -1, -1):
        strides[d] = strides[d + 1] * shape[d + 1]
    walk(list(shape), strides, 0)
    return out

source, target, *changes = sys.argv[1:]
compression = zipfile.ZIP_DEFLATED if "deflate" in changes else zipfile.ZIP_STORED
with zipfile.ZipFile(target, "w", compression) as archive:
    for name, header, data in read(source):
        version = 1
        if "v3" in changes:
            version = 3
        if "f8" in changes:
            header["descr"] = "<f8"
            data = struct.pack(f"<{len(data) // 4}d", *numbers(header, data))
        if "f2" in changes:
            header["descr"] = "<f2"
            data = struct.pack(f"<{len(data) // 4}e", *numbers(header, data))
        if "fortran" in changes:
            header["fortran_order"] = True
            data = struct.pack(f"<{len(data) // 4}f", *fortran(header["shape"], numbers(header, data)))
        if "mismatch" in changes and name == "b1.0.weight.npy":
            name = "b1.0.wheight.npy"
        if "mismatch" in changes and name == "b1.0.bias.npy":
            header["shape"] = (2, 4)
        if "mismatch" in changes and name == "b3.2.bias.npy":
            header["descr"] = ">f4"
        if "huge" in changes and name == "b3.2.bias.npy":
            header["shape"] = (1 << 62, 10)
        if "short" in changes and name == "b3.2.bias.npy":
            data = data[:-4]
        if "object" in changes and name == "b3.2.bias.npy":
            header["shape"] = "no shape"
        with archive.open(name, "w", force_zip64=True) as member: # as numpy does
            member.write(npy(header, data, version))
    if "extra" in changes:
        archive.writestr("b9.0.weight.npy", npy({"descr": "<f4", "fortran_order": False, "shape": ()}, bytes(4), 1))
    if "pickle" in changes:
        archive.writestr("archive/data.pkl", b"")
PYTHON
}

setup() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    cd "$BATS_FILE_TMPDIR"
}

# The file imports, and the checkpoint has the run's tensors.
assert_imports() { # FILE
    rm -f in.safetensors
    run -0 --separate-stderr "$GNET" import "$1" config.yaml --out in.safetensors
    [ "$output" = "in.safetensors: written" ]
    tensor_digests in.safetensors > imported
    tensor_digests w.safetensors | diff - imported
}

assert_refused() { # CODE FILE TEXT
    rm -f in.safetensors
    run "-$1" --separate-stderr "$GNET" import "$2" config.yaml --out in.safetensors
    [[ $stderr == *"$3"* ]]
    [ ! -e in.safetensors ] && [ ! -e in.safetensors.tmp ]
}

@test "what was exported comes back: the same tensors, and eval says the same" {
    "$GNET" eval runs/tiny-1 --json > expected
    for file in w.npz w.safetensors; do
        assert_imports $file
        "$GNET" eval in.safetensors --json > got
        diff <(json "{k: v for k, v in rows[0].items() if k not in ('weights', 'seconds', 'checkpoint')}" < expected) \
            <(json "{k: v for k, v in rows[0].items() if k not in ('weights', 'seconds', 'checkpoint')}" < got)
        "$GNET" run -q config.yaml --out again --weights in.safetensors train.max_steps=1 > /dev/null || [ $? = 75 ]
    done
}

@test "an .npz as numpy writes it: packed, in Fortran's order, of other header versions" {
    for change in none deflate fortran v3; do
        python3 npz.py w.npz changed.npz $change
        assert_imports changed.npz
        [ -z "$stderr" ]
    done
}

@test "other floats are converted, which is said" {
    python3 npz.py w.npz changed.npz f8 deflate
    assert_imports changed.npz
    [[ $stderr == *"changed.npz: "*" tensors converted to float32 (<f8)"* ]]
    python3 npz.py w.npz changed.npz f2
    run -0 --separate-stderr "$GNET" import changed.npz config.yaml --out in.safetensors
    [[ $stderr == *"(<f2)"* ]]
    "$GNET" export in.safetensors half.npz
    python3 npz.py half.npz again.npz f2
    python3 -c 'import sys, zipfile
a, b = (zipfile.ZipFile(path) for path in sys.argv[1:])
assert all(a.read(name) == b.read(name) for name in a.namelist())' changed.npz again.npz
}

@test "an optimizer's state is left out, which is said" {
    run -0 --separate-stderr "$GNET" import runs/tiny-1/checkpoints/last.safetensors config.yaml \
        --out in.safetensors
    [[ $stderr == *" tensors of an optimizer left out"* && $stderr != *converted* ]]
    [ "$(tensor_digests in.safetensors | grep -c '^optimizer')" = 0 ]
}

@test "every mismatch is named, at once" {
    python3 npz.py w.npz changed.npz mismatch
    assert_refused 2 changed.npz "has no tensor 'b1.0.weight' (F32, 8 x 1 x 3 x 3)"
    [[ $stderr == *"tensor 'b1.0.wheight' is not in the network"* ]]
    [[ $stderr == *"tensor 'b1.0.bias' is <f4, 2 x 4, but the network's is F32, 8"* ]]
    [[ $stderr == *"tensor 'b3.2.bias' is >f4, 10, but the network's is F32, 10"* ]]
    [ "${#stderr_lines[@]}" = 4 ]
    python3 npz.py w.npz changed.npz extra
    assert_refused 2 changed.npz "tensor 'b9.0.weight' is not in the network"
    [ "${#stderr_lines[@]}" = 1 ]
}

@test "bad archives are refused in one line" {
    for change in "huge its shape overflows" "short has not the 40 bytes" \
        "object a header that gnet cannot read" "pickle archive/data.pkl"; do
        python3 npz.py w.npz changed.npz "${change%% *}"
        assert_refused 1 changed.npz "${change#* }"
        [ "${#stderr_lines[@]}" = 1 ]
    done
    assert_refused 1 tiny.yaml "tiny.yaml: error: "
    assert_refused 1 nowhere.npz "nowhere.npz: error: "
    assert_refused 1 runs "runs: error: "
}

@test "an archive that was cut or damaged anywhere is refused or the same" {
    python3 npz.py w.npz packed.npz deflate
    for file in w.npz packed.npz; do
        size=$(stat -c %s $file)
        for i in $(seq 0 5); do
            head -c $((size * i / 6)) $file > cut.npz
            assert_refused 1 cut.npz "cut.npz: error: "
            python3 -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) * int(sys.argv[2]) // 6 + 200] ^= 16
open("cut.npz", "wb").write(data)' $file "$i"
            rm -f in.safetensors
            run --separate-stderr "$GNET" import cut.npz config.yaml --out in.safetensors
            case $status in
            0)
                tensor_digests in.safetensors > imported
                tensor_digests w.safetensors | diff - imported
                ;;
            1 | 2) [ "${#stderr_lines[@]}" -ge 1 ] ;;
            *) false ;;
            esac
        done
    done
}

@test "a wrong call" {
    run -2 --separate-stderr "$GNET" import
    run -2 --separate-stderr "$GNET" import w.npz
    run -2 --separate-stderr "$GNET" import w.npz config.yaml
    [[ $stderr == *"--out"* ]]
    run -2 --separate-stderr "$GNET" import w.npz config.yaml --out x.npz
    [[ $stderr == *".safetensors"* ]]
    run -1 --separate-stderr "$GNET" import w.npz config.yaml --out nowhere/x.safetensors
}

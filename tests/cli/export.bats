# gnet export: weights for other programs.
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    write_config tiny.yaml
    "$GNET" run -q tiny.yaml > /dev/null 3>&-
}

setup() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    cd "$BATS_FILE_TMPDIR"
}

@test "an .npz has the checkpoint's tensors, as Python's own zip reader finds them" {
    run -0 --separate-stderr "$GNET" export runs/tiny-1 w.npz
    [ "$output" = "w.npz: written" ]
    python3 - runs/tiny-1/checkpoints/best.safetensors w.npz <<'PYTHON'
import ast, json, struct, sys, zipfile
data = open(sys.argv[1], "rb").read()
n_header, = struct.unpack("<Q", data[:8])
tensors = json.loads(data[8:8 + n_header])
tensors.pop("__metadata__")
archive = zipfile.ZipFile(sys.argv[2])
assert archive.testzip() is None
assert {name[:-4] for name in archive.namelist()} == set(tensors)
for name, tensor in tensors.items():
    npy = archive.read(name + ".npy")
    assert npy[:8] == b"\x93NUMPY\x01\x00"
    n, = struct.unpack("<H", npy[8:10])
    assert (10 + n) % 64 == 0 and npy[9 + n:10 + n] == b"\n"
    header = ast.literal_eval(npy[10:10 + n].decode("latin1"))
    assert header == {"descr": "<f4", "fortran_order": False, "shape": tuple(tensor["shape"])}, header
    begin, end = (8 + n_header + offset for offset in tensor["data_offsets"])
    assert npy[10 + n:] == data[begin:end], name
PYTHON
    mv w.npz first.npz
    run -0 "$GNET" export runs/tiny-1 w.npz
    cmp first.npz w.npz
}

@test "a .safetensors without the optimizer's state, from which a run starts again" {
    run -0 --separate-stderr "$GNET" export runs/tiny-1/checkpoints/last.safetensors w.safetensors
    tensor_digests w.safetensors > exported
    tensor_digests runs/tiny-1/checkpoints/last.safetensors | grep -v '^optimizer\.' > trained
    diff exported trained
    run -0 "$GNET" run -q tiny.yaml --name again --weights w.safetensors train.epochs=1
}

@test "what cannot be is told, and nothing is left" {
    run -2 --separate-stderr "$GNET" export runs/tiny-1
    run -2 --separate-stderr "$GNET" export runs/tiny-1 w.h5
    [[ $stderr == *"w.h5: error: "*".safetensors, .npz or .onnx"* ]]
    run -1 --separate-stderr "$GNET" export runs/none w2.npz
    run -1 --separate-stderr "$GNET" export tiny.yaml w2.npz
    run -1 --separate-stderr "$GNET" export runs/tiny-1 nowhere/w2.npz
    [ ! -e w2.npz ]
}

@test "an .onnx that ONNX's own checker passes, with gnet's logits where OpenCV is there" {
    run -0 --separate-stderr "$GNET" export runs/tiny-1 w.onnx
    [ "$output" = "w.onnx: written (ONNX IR version 7, opset 13)" ]
    mv w.onnx first.onnx
    run -0 "$GNET" export runs/tiny-1 w.onnx
    cmp first.onnx w.onnx
    /usr/bin/python3 -c 'import onnx' 2> /dev/null || skip "needs Debian's python3-onnx"
    run -0 "$GNET_SOURCE_ROOT/tools/check_onnx.py" --gnet "$GNET" runs/tiny-1
    [[ $output == *"passed (IR version 7, opset 13)"* ]]
}

# A checkpoint whose header was edited, by a program without CRCs.
@test "a checkpoint that does not fit its own config is no weights to export" {
    python3 - runs/tiny-1/checkpoints/best.safetensors odd.safetensors <<'PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
n, = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + n])
header["__metadata__"] = {"config": header["__metadata__"]["config"]}
tensor = header["b1.0.weight"]
tensor["dtype"], tensor["shape"] = "F16", [tensor["shape"][0] * 2] + tensor["shape"][1:]
header["b1.0.scale"] = header.pop("b1.0.bias")
text = json.dumps(header).encode()
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + data[8 + n:])
PYTHON
    for name in w3.onnx w3.npz w3.safetensors; do
        run -2 --separate-stderr "$GNET" export odd.safetensors $name
        [[ $stderr == *"tensor 'b1.0.weight' is F16, 16 x 1 x 3 x 3, but the network's is F32, 8 x 1 x 3 x 3"* ]]
        [[ $stderr == *"has no tensor 'b1.0.bias'"* && $stderr == *"'b1.0.scale' is not in the network"* ]]
        [ ! -e $name ]
    done
}

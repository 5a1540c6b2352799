# gnet predict: trained weights and single image files.
load helpers

# A run in runs/tiny-1, trained once for all tests of the file, and the sample's first test images as
# photos/N.png, with their labels in the file labels.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    write_config tiny.yaml
    "$GNET" run -q tiny.yaml > /dev/null 3>&-
    python3 - "$GNET_SOURCE_ROOT/data/fashion-sample" <<'PYTHON'
import gzip, os, struct, sys, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

with gzip.open(sys.argv[1] + "/t10k-images-idx3-ubyte.gz") as file:
    pixels = file.read()[16:]
with gzip.open(sys.argv[1] + "/t10k-labels-idx1-ubyte.gz") as file:
    labels = file.read()[8:]
os.mkdir("photos")
for i in range(len(labels)):
    image = pixels[784 * i:784 * (i + 1)]
    rows = b"".join(b"\0" + image[28 * y:28 * (y + 1)] for y in range(28))
    with open(f"photos/{i}.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 28, 28, 8, 0, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    with open(f"photos/{i}.pgm.inverted", "wb") as file:
        file.write(b"P5 28 28 255\n" + bytes(255 - value for value in image))
open("labels", "w").write(" ".join(str(label) for label in labels))
PYTHON
}

setup() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    cd "$BATS_FILE_TMPDIR"
}

@test "a directory's images have the accuracy that eval finds" {
    run -0 --separate-stderr "$GNET" predict runs/tiny-1 photos/ --json --top 1
    local labels
    labels=$(< labels)
    hits=$(json "sum(rows[i]['top'][0]['label'] == int(label)
        for i, label in enumerate('$labels'.split()))" <<< "$output")
    [ "$(json "[row['image'] for row in rows] == [f'photos/{i}.png' for i in range(len(rows))]" \
        <<< "$output")" = True ]
    run -0 --separate-stderr "$GNET" eval runs/tiny-1 --json
    [ "$(json "round(rows[0]['accuracy'] * rows[0]['images'])" <<< "$output")" = "$hits" ]
}

@test "a line an image, the likeliest classes first" {
    run -0 --separate-stderr "$GNET" predict runs/tiny-1 photos/0.png photos/1.png --top 2
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} =~ ^photos/0\.png\ \ [A-Z].*\ +([0-9.]+)%\ \ [A-Z].*\ +([0-9.]+)%$ ]]
    python3 -c 'import sys; assert float(sys.argv[1]) >= float(sys.argv[2])' "${BASH_REMATCH[@]:1}"
    [ -z "$stderr" ]
}

@test "probabilities are those of all classes, and add up to 1" {
    run -0 --separate-stderr "$GNET" predict runs/tiny-1 photos/0.png --top 99 --json
    [ "$(json "(len(rows[0]['top']), sorted(k['label'] for k in rows[0]['top']) == list(range(10)),
        abs(sum(k['probability'] for k in rows[0]['top']) - 1) < 1e-9)" <<< "$output")" = \
        "(10, True, True)" ]
}

@test "a bad file is named, the others are still done" {
    head -c 60 photos/1.png > cut.png
    run -1 --separate-stderr "$GNET" predict runs/tiny-1 photos/0.png cut.png missing.jpg \
        photos/2.png
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[1]} == photos/2.png* ]]
    [ "${#stderr_lines[@]}" -eq 2 ]
    [[ ${stderr_lines[0]} == *"cut.png: "*"damaged PNG"* ]]
    [[ ${stderr_lines[1]} == *"missing.jpg: "*"No such file"* ]]
}

@test "an inverted image is told of, and --invert gives what the right one gives" {
    cp photos/3.pgm.inverted dark.pgm
    run -0 --separate-stderr "$GNET" predict runs/tiny-1 dark.pgm
    [[ $stderr == *"look dark on light"*"--invert"* ]]
    run -0 --separate-stderr "$GNET" predict runs/tiny-1 dark.pgm --invert
    [ -z "$stderr" ]
    inverted=${output#* }
    run -0 --separate-stderr "$GNET" predict runs/tiny-1 photos/3.png
    [ "$(xargs <<< "$inverted")" = "$(xargs <<< "${output#* }")" ]
}

@test "a directory is searched with all below it, but not through links to directories" {
    rm -rf tree
    mkdir -p tree/b/c tree/.hidden
    cp photos/0.png tree/b/c/10.png
    cp photos/1.png tree/b/c/9.png
    cp photos/2.png tree/a.png
    cp photos/3.png tree/.hidden/3.png
    ln -s ../../photos/4.png tree/b/z.png
    ln -s .. tree/b/loop
    ln -s ../photos tree/photos.png
    run -0 --separate-stderr "$GNET" predict runs/tiny-1 tree/ --json
    [ "$(json "[row['image'] for row in rows]" <<< "$output")" = \
        "['tree/a.png', 'tree/b/c/9.png', 'tree/b/c/10.png', 'tree/b/z.png']" ]
    ln -sfn tree link
    run -0 --separate-stderr "$GNET" predict runs/tiny-1 link --json
    [ "$(json "rows[0]['image']" <<< "$output")" = link/a.png ]
}

@test "what is missing or no checkpoint" {
    run -2 --separate-stderr "$GNET" predict
    run -2 --separate-stderr "$GNET" predict runs/tiny-1
    [[ $stderr == *"predict needs images"* ]]
    run -1 --separate-stderr "$GNET" predict runs/none photos/0.png
    run -1 --separate-stderr "$GNET" predict photos/0.png photos/0.png
    mkdir -p empty
    run -1 --separate-stderr "$GNET" predict runs/tiny-1 empty
    [[ $stderr == *"empty"*"no file that is named as an image"* ]]
}

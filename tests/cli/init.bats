# gnet init, and data sets that are folders of images.
load helpers

# photos/{red,green,blue, things}/N.png: 15 images a class, of several sizes, mostly of that colour.
setup_file() {
    cd "$BATS_FILE_TMPDIR"
    python3 - <<'PYTHON'
import os, random, struct, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

random.seed(1)
for channel, name in enumerate(("red", "green", "blue, things")):
    os.makedirs(f"photos/{name}")
    for i in range(15):
        height, width = random.randint(20, 60), random.randint(20, 60)
        rows = b""
        for y in range(height):
            rows += b"\0"
            for x in range(width):
                rows += bytes(random.randint(150, 255) if c == channel else random.randint(0, 90)
                              for c in range(3))
        with open(f"photos/{name}/{i}.png", "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n"
                       + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
                       + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PYTHON
}

setup() {
    export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
    cd "$BATS_TEST_TMPDIR"
    cp -r "$BATS_FILE_TMPDIR/photos" .
}

@test "a first config, for Fashion-MNIST" {
    run -0 --separate-stderr "$GNET" init clothes
    [[ $output == "clothes.yaml: written; train it with: gnet run clothes.yaml" ]]
    run -0 "$GNET" check clothes.yaml "data.path=$GNET_SOURCE_ROOT/data/fashion-sample"
    run -0 "$GNET" init --list
    [[ $output == *"Fashion-MNIST"*"your own images"* ]]
}

@test "from a folder of images to a trained network" {
    run -0 --separate-stderr "$GNET" init colors photos
    run -0 --separate-stderr "$GNET" check colors.yaml
    run -0 --separate-stderr "$GNET" run colors.yaml -q train.epochs=6 data.resize=32 \
        'model.input=[3, 32, 32]' train.lr=0.003
    run -0 --separate-stderr "$GNET" eval runs/colors-1 --json
    [ "$(json 'rows[0]["images"], [c["name"] for c in rows[0]["classes"]]' <<< "$output")" = \
        "(15, ['blue, things', 'green', 'red'])" ]
    [ "$(json 'rows[0]["accuracy"] > 0.8' <<< "$output")" = True ]
    run -0 --separate-stderr "$GNET" eval runs/colors-1 --csv
    printf '%s\n' "$output" > test.csv
    run -0 --separate-stderr "$GNET" eval runs/colors-1 --split train --csv
    printf '%s\n' "$output" > train.csv
    run -0 --separate-stderr "$GNET" eval runs/colors-1 --split val --csv
    printf '%s\n' "$output" > val.csv
    python3 - <<'PYTHON'
import csv, glob
parts = [list(csv.DictReader(open(name))) for name in ("test.csv", "train.csv", "val.csv")]
files = [row["file"] for part in parts for row in part]
assert sorted(files) == sorted(glob.glob("photos/*/*.png")), files
names = ["blue, things", "green", "red"]
assert all(row["file"].split("/")[1] == names[int(row["label"])] for part in parts for row in part)
assert {row["file"].split("/")[2] for row in parts[0]} == {f"{i}.png" for i in (1, 3, 6, 8, 12)}
PYTHON
    run -0 --separate-stderr "$GNET" predict runs/colors-1 photos/red/0.png 'photos/blue, things'
    [ "${#lines[@]}" -eq 16 ]
    [[ ${lines[0]} == photos/red/0.png* ]]
}

@test "train and test apart, and gray" {
    mkdir -p apart/train apart/test
    for class in photos/*; do
        name=${class##*/}
        mkdir "apart/train/$name" "apart/test/$name"
        cp "$class"/*.png "apart/train/$name"
        cp "$class"/1.png "$class"/2.png "apart/test/$name"
    done
    run -0 "$GNET" init apart apart
    run -0 --separate-stderr "$GNET" run apart.yaml -q train.epochs=1 data.resize=16 data.channels=1 \
        'model.input=[1, 16, 16]'
    run -0 --separate-stderr "$GNET" eval runs/apart-1 --json
    [ "$(json 'rows[0]["images"]' <<< "$output")" = 6 ]
}

@test "what cannot be is told" {
    run -0 "$GNET" init colors photos
    run -2 --separate-stderr "$GNET" init colors photos
    [[ $stderr == *"colors.yaml: error: is there already"* ]]
    run -2 --separate-stderr "$GNET" init other photos/red
    [[ $stderr == *"photos/red: error: has 0 subdirectories with images"* ]]
    for name in '' . .. $'a\nb' $'caf\xe9'; do
        run -2 --separate-stderr "$GNET" init "$name" photos
    done
    mkdir -p half/train
    cp -r photos/* half/train
    run -2 --separate-stderr "$GNET" init other half
    [[ $stderr == *"half: error: must have train and test"* ]]
    run -1 --separate-stderr "$GNET" init other nowhere
    run -2 --separate-stderr "$GNET" init
    [ ! -e other.yaml ]
    mkdir photos/empty photos/red/odd.png
    cp photos/red/1.png photos/red/._1.png
    run -0 "$GNET" init more photos
    run ! grep -q empty more.yaml
    run -0 --separate-stderr "$GNET" check more.yaml
    mkdir photos/later
    sed -i 's/^    - "red"/    - "red"\n    - "later"/' more.yaml
    run -1 --separate-stderr "$GNET" check more.yaml model.stages.b5.2.linear.out=4
    [[ $stderr == *"photos/later: error: has no image"* ]]
    head -c 100 photos/red/3.png > photos/red/4.png
    run -1 --separate-stderr "$GNET" run colors.yaml
    [[ $stderr == *"photos/red/4.png: error: is a damaged PNG"* ]]
    run -2 --separate-stderr "$GNET" check colors.yaml data.channels=1
    [[ $stderr == *"model.input"* ]]
    run -1 --separate-stderr "$GNET" check colors.yaml data.resize=0
    [[ $stderr == *"data.resize must say"* ]]
}

#!/usr/bin/env bash
# Runs test programs on an emulated CPU with AVX-512, for machines that have none.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
    cat <<END
usage: tools/test-avx512.sh BUILD TEST...

Boots Linux on a CPU that Bochs emulates (\$MODEL, default corei7_skylake_x; 'bochs --help cpu' lists
them), with the test programs TEST... of the build directory BUILD ("ops/test_winograd"), and runs them
one after the other on one thread. Each takes from half a minute to ten: the emulated CPU is some
hundred times slower than a real one. The exit code is 0 if all passed.

Needs root and Debian's packages bochs bochs-term bochsbios vgabios busybox-static cpio lz4 isolinux
syslinux-common xorriso, and downloads a kernel, linux-image-cloud-amd64, by apt-get. \$LIMIT is how many
seconds it may take (default 3600).
END
}

model=${MODEL:-corei7_skylake_x}
limit=${LIMIT:-3600}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root

get_kernel() {
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' |
        head -n 1)
    (cd "$scratch" && apt-get download -q "$package" > /dev/null)
    dpkg -x "$scratch"/linux-image-*.deb "$scratch/kernel"
}

# copy FILE: to its place in the guest, with the libraries that it loads.
copy() {
    local file
    for file in "$1" $(ldd "$1" | grep -o '/[^ ]*'); do
        mkdir -p "$root$(dirname "$file")"
        cp -Ln "$file" "$root$file"
    done
}

# The guest's first process: the tests, and what became of them on the serial line.
write_init() { # PROGRAM...
    cat > "$root/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
mount -t proc proc /proc
mount -t devtmpfs dev /dev
exec < /dev/null > /dev/ttyS0 2>&1
stty -F /dev/ttyS0 -onlcr -opost
grep -o -m1 'avx512[a-z_0-9]*' /proc/cpuinfo
END
    printf 'export GNET_SOURCE_ROOT=%q\nfailed=0\n' "$PWD" >> "$root/init"
    local program
    for program in "$@"; do
        printf 'echo "== %s"\n%q || failed=1\n' "${program##*/}" "$program" >> "$root/init"
    done
    cat >> "$root/init" <<'END'
echo "== failed: $failed"
sleep 2 # the serial line is slow
poweroff -f
END
    chmod 755 "$root/init"
}

make_image() {
    mkdir -p "$scratch/iso/isolinux"
    (cd "$root" && find . | cpio -o -H newc --quiet) | lz4 -l -q > "$scratch/iso/initrd"
    cp "$scratch"/kernel/boot/vmlinuz-* "$scratch/iso/vmlinuz"
    cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$scratch/iso/isolinux"
    cat > "$scratch/iso/isolinux/isolinux.cfg" <<'END'
default linux
prompt 0
timeout 0
label linux
  linux /vmlinuz
  initrd /initrd
  append console=ttyS0,115200 quiet mitigations=off nokaslr tsc=reliable clocksource=tsc nosmp nopti noxsaves clearcpuid=321,323 random.trust_cpu=on panic=-1 rdinit=/init
END
    xorriso -as mkisofs -quiet -o "$scratch/boot.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
        -no-emul-boot -boot-load-size 4 -boot-info-table "$scratch/iso" 2> /dev/null
}

boot() {
    : > "$scratch/serial"
    cat > "$scratch/bochsrc" <<END
display_library: term
config_interface: textconfig
cpu: model=$model, count=1, ips=200000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=1024, host=1024
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/vgabios/vgabios.bin
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$scratch/boot.iso, status=inserted
boot: cdrom
clock: sync=none, time0=local
com1: enabled=1, mode=file, dev=$scratch/serial
sound: driver=dummy
log: $scratch/bochs.log
panic: action=fatal
END
    echo c > "$scratch/rc"
    # Its text display wants a terminal: script(1)'s, which nobody looks at.
    TERM=xterm timeout "$limit" script -q -c \
        "stty rows 50 cols 132; exec bochs-bin -q -rc $scratch/rc -f $scratch/bochsrc" /dev/null \
        < /dev/null > /dev/null 2>&1 || true
}

main() {
    case ${1:-} in
    '' | -h | --help)
        usage
        [ $# -gt 0 ]
        exit
        ;;
    esac
    local build test programs=()
    build=$(realpath "$1")
    shift
    mkdir -p "$root"/{bin,proc,dev,tmp,etc}
    cp /bin/busybox "$root/bin/busybox"
    get_kernel
    for test in "$@"; do
        copy "$build/tests/$test"
        programs+=("$build/tests/$test")
    done
    write_init "${programs[@]}"
    make_image
    boot
    cat "$scratch/serial"
    grep -q '^== failed: 0' "$scratch/serial"
}

main "$@"

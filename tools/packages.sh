# shellcheck shell=bash
# What tools/setup.sh and tools/test.sh share: steps that say what to do when they fail, and the
# packages. Sourced from the project's root.

# libc6-dev is only recommended by gcc. gnuplot draws the curves of a run, libjs-dygraphs those of a
# report.
packages=(gcc libc6-dev meson ninja-build pkg-config libdnnl-dev libyaml-dev zlib1g-dev
    libjansson-dev libpng-dev libjpeg62-turbo-dev librandom123-dev libprotobuf-c-dev
    protobuf-c-compiler libzip-dev libexif-dev libxxhash-dev libjs-dygraphs gnuplot-nox
    dataset-fashion-mnist)
tools=(gcc meson ninja pkg-config protoc-c gnuplot)
modules=(yaml-0.1 zlib jansson libpng libjpeg libprotobuf-c libzip libexif libxxhash) # by pkg-config; the other libraries' packages have no such file

add_test_packages() {
    packages+=(libcmocka-dev bats clang-format shellcheck cppcheck g++ python3 python3-onnx
        chromium-headless-shell)
    tools+=(bats clang-format shellcheck cppcheck python3)
    modules+=(cmocka)
}

add_fuzz_packages() {
    packages+=(clang libclang-rt-14-dev libomp-14-dev llvm)
    tools+=(clang)
}

# libomp-14-dev has clang's omp.h. valgrind needs libc6-dbg to know the C library's functions.
add_clean_packages() {
    packages+=(clang-tidy libomp-14-dev valgrind libc6-dbg)
    tools+=(clang-tidy valgrind)
}

add_coverage_packages() {
    packages+=(gcovr)
    tools+=(gcovr)
}

script=${0##*/}
log=
step='starting'
advice=

say() { printf '==> %s\n' "$*"; }

# Ends the script with one line, for what the user can mend before anything was done.
die() {
    advice=
    printf '%s: %s\n' "$script" "$*" >&2
    exit 1
}

# Names what is done next, and what the user should do if it fails.
begin() {
    step=$1 advice=$2
    say "$step"
}

# Runs a command with its output in the log.
logged() { "$@" >>"$log" 2>&1 </dev/null; }

on_exit() {
    local status=$?
    if [ "$status" -ne 0 ] && [ -n "$advice" ]; then
        {
            tail -n 20 "$log" | sed 's/^/    /'
            printf '%s: failed while %s\n  what to do: %s\n  the log: %s\n' \
                "$script" "$step" "$advice" "$log"
        } >&2
    else
        rm -f "$log"
    fi
}

start_log() {
    log=$(mktemp "${TMPDIR:-/tmp}/gnet-${script%.sh}.XXXXXX.log")
    trap on_exit EXIT
}

on_debian_12() {
    grep -qs '^ID=debian$' /etc/os-release && grep -qs '^VERSION_ID="12"$' /etc/os-release
}

can_be_root() { [ "$EUID" -eq 0 ] || command -v sudo >/dev/null; }

as_root() {
    if [ "$EUID" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Asks for the password, if one is needed, while its prompt can be seen.
ask_for_root() {
    [ "$EUID" -eq 0 ] || sudo true || die "$1"
}

missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$package"
    done
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "${packages[@]}")
    if [ "${#missing[@]}" -eq 0 ]; then
        say 'all packages are installed'
        return
    fi
    local by_hand="apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    can_be_root || die "needs root or sudo to install packages; as root, run: $by_hand"
    ask_for_root "sudo was refused; have an administrator run: $by_hand"
    begin "installing ${missing[*]}" "mend what apt-get says above, or as root run: $by_hand"
    logged as_root apt-get -o DPkg::Lock::Timeout=120 update ||
        say 'apt-get update had errors; trying with the package lists that are there'
    logged as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
        install -y --no-install-recommends "${packages[@]}"
}

# Elsewhere packages have other names: says what is needed, and goes on if the tools are there. (The
# build says what it lacks of dygraphs.)
expect_tools() {
    local tool module missing=()
    say "this is not Debian 12; install the like of these packages yourself: ${packages[*]}"
    for tool in "${tools[@]}"; do
        command -v "$tool" >/dev/null || missing+=("$tool")
    done
    for module in "${modules[@]}"; do
        pkg-config --exists "$module" || missing+=("$module (a library, for pkg-config)")
    done
    [ "${#missing[@]}" -eq 0 ] ||
        die "not found: $(printf '%s, ' "${missing[@]}")install them and run this again"
}

# Makes sure of the packages, or of the tools where the packages are unknown.
provide() {
    if on_debian_12; then
        install_packages
        # A meson from elsewhere could be of another version than the one that sudo finds, and the
        # two don't read each other's build directories.
        PATH=/usr/bin:/bin:$PATH
    else
        expect_tools
    fi
}

# Builds belong to who owns the checkout, also where the whole script is run by sudo.
as_builder() {
    if [ "$EUID" -eq 0 ] && [ -n "${SUDO_USER:-}" ] && [ "$(stat -c %U .)" = "$SUDO_USER" ]; then
        sudo -u "$SUDO_USER" env PATH="$PATH" ${CC:+"CC=$CC"} "$@"
    else
        "$@"
    fi
}

# drop_root ARGUMENT...: where the script was run by sudo, starts it again with these as who owns the
# checkout. For what comes after the packages and needs no root.
drop_root() {
    if [ "$EUID" -eq 0 ] && [ "${SUDO_USER:-root}" != root ] &&
        [ "$(stat -c %U .)" = "$SUDO_USER" ]; then
        rm -f "$log"
        exec sudo -u "$SUDO_USER" env PATH="$PATH" "tools/$script" "$@"
    fi
}

# configure DIR OPTION...: sets up a build directory, or brings an old one up to date.
configure() {
    local directory=$1
    if [ -e "$directory" ] && ! as_builder test -w "$directory"; then
        die "$directory/ belongs to $(stat -c %U "$directory"): run 'sudo rm -r $directory' first"
    fi
    if [ -e "$directory/meson-private/coredata.dat" ]; then
        logged as_builder meson setup --reconfigure "$@" ||
            logged as_builder meson setup --wipe "$@" # another meson's, or moved
    else
        logged as_builder meson setup "$@"
    fi
}

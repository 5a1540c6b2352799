#!/usr/bin/env bash
# Installs the packages that gnet needs, builds a release in build/, and installs it.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/packages.sh

prefix=/usr/local

usage() {
    cat <<END
usage: tools/setup.sh [--prefix DIR]

Installs gnet's packages (Debian 12), builds a release in build/ and installs it under DIR
(default: $prefix). Uses sudo, where it isn't run as root, for the packages and for a DIR that the
user can't write to. To run it again is fine, and quick.
END
}

parse_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix)
            [ $# -ge 2 ] || die '--prefix needs a directory'
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#*=} ;;
        -h | --help)
            usage
            exit
            ;;
        *) die "unknown argument '$1'; see tools/setup.sh --help" ;;
        esac
        shift
    done
    [ -n "$prefix" ] || die '--prefix needs a directory'
    case $prefix in
    /*) ;;
    *) prefix=$invoked_from/$prefix ;;
    esac
}

# Whether the user can install under the prefix: judged by the part of it that exists.
prefix_is_writable() {
    local directory=$prefix/bin
    while [ ! -e "$directory" ]; do
        directory=$(dirname "$directory")
    done
    as_builder test -w "$directory"
}

build() {
    begin 'building a release in build/' \
        'mend what meson or the compiler says above; where that is a fault of gnet, report the log'
    configure build --buildtype=release --prefix="$prefix"
    logged as_builder meson compile -C build
    # meson opens this log for writing when it installs; made here, it stays the user's.
    as_builder touch build/meson-logs/install-log.txt
}

install_build() {
    begin "installing under $prefix" \
        'see that the directory can be written to, or give --prefix DIR'
    if prefix_is_writable; then
        logged as_builder meson install -C build --no-rebuild
        return
    fi
    can_be_root || die "needs root or sudo to write to $prefix; or give --prefix \$HOME/.local"
    ask_for_root "sudo was refused; give --prefix \$HOME/.local"
    logged as_root "$(command -v meson)" install -C build --no-rebuild
}

# libgnet's place is known to the loader, but for its cache.
refresh_loader() {
    if [ "$EUID" -eq 0 ] || ! prefix_is_writable; then
        logged as_root /sbin/ldconfig
    fi
}

verify() {
    begin 'checking the installed command' 'report the log as a bug'
    logged as_builder "$prefix/bin/gnet" --version
    say "installed $(as_builder "$prefix/bin/gnet" --version | head -n 1) as $prefix/bin/gnet"
    if [ "$(command -v gnet)" != "$prefix/bin/gnet" ]; then
        say "it is not the 'gnet' of your PATH: run export PATH=$prefix/bin:\$PATH"
    fi
}

invoked_from=$OLDPWD
parse_arguments "$@"
start_log
provide
build
install_build
refresh_loader
verify

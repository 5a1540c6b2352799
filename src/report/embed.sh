#!/bin/sh
# Writes C arrays of files' bytes: embed.sh NAME FILE [NAME FILE]... > parts.c. References to source
# maps are left out: a page that has everything in it refers to nothing.
set -eu
while [ $# -ge 2 ]; do
    printf 'extern const char %s[];\nconst char %s[] = {\n' "$1" "$1"
    sed '/sourceMappingURL=/d' "$2" | od -An -v -td1 | sed 's/ *\(-\{0,1\}[0-9][0-9]*\)/\1,/g'
    printf '0};\n'
    shift 2
done

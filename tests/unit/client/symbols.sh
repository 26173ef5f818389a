#!/bin/sh
# Compares what openmaf.h declares, what libmaf.map exports and what the library defines, and compiles the header as C and C++.
#   symbols.sh <src/client> <libmaf.so>
set -eu
source=$1
library=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Declarations may break before the name, so the header is read as one line.
tr '\n' ' ' <"$source/openmaf.h" | grep -o 'OPENMAF_API [^;]*;' | grep -o 'openmaf_[a-z_]*(' | tr -d '(' | sort >"$scratch/header"
sed -n 's/^ *\(openmaf_[a-z_]*\);$/\1/p' "$source/libmaf.map" | sort >"$scratch/map"
nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$scratch/library"
[ -s "$scratch/header" ]
diff -u "$scratch/header" "$scratch/map"
diff -u "$scratch/map" "$scratch/library"

# OpenSSL calls back for as long as the process lives.
readelf -d "$library" | grep -q NODELETE

readelf -d "$library" | grep -q 'soname: \[libmaf\.so\.0\]'

# Each declaration has a comment in front of it, or stands directly below another.
for language in c c++; do
  printf '#include "openmaf.h"\n' | cc -x "$language" -I "$source" -Wall -Wextra -Werror -fsyntax-only -
done

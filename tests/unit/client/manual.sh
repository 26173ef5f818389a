#!/bin/sh
# libmaf(3) names every function of openmaf.h, its example compiles, and maf(1) has every option that the command knows.
#   manual.sh <source tree> <maf>
set -eu
source=$1
maf=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tr '\n' ' ' <"$source/src/client/openmaf.h" | grep -o 'OPENMAF_API [^;]*;' | grep -o 'openmaf_[a-z_]*(' | tr -d '(' | sort >"$scratch/header"
grep -o 'Fn openmaf_[a-z_]*' "$source/docs/man/libmaf.3" | cut -d' ' -f2 | sort -u >"$scratch/manual"
diff -u "$scratch/header" "$scratch/manual"

sed -n '/^\.Bd/,/^\.Ed/{/^\./!p}' "$source/docs/man/libmaf.3" | sed 's/\\e/\\/g' >"$scratch/example.c"
grep -q openmaf_key_hmac "$scratch/example.c"
cc -I "$source/src/client" -Wall -Wextra -Werror -fsyntax-only "$scratch/example.c"

# Every option that a command's --help lists is in maf(1).
mandoc -T ascii "$source/docs/man/maf.1" | sed 's/.\x08//g' >"$scratch/maf.1"
"$maf" --help | sed -n 's/^  //p' | cut -c1-24 | sed 's/ *$//; s/ [A-Z][A-Z-]*$//' >"$scratch/commands"
[ "$(wc -l <"$scratch/commands")" -gt 10 ]
while read -r noun verb; do
  # shellcheck disable=SC2086
  "$maf" "$noun" $verb --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' >"$scratch/options"
  [ -s "$scratch/options" ]
  grep -q "^ *$noun${verb:+ $verb}" "$scratch/maf.1" || { echo "maf(1) lacks $noun $verb"; exit 1; }
  while read -r option; do
    grep -q -e "--$option" "$scratch/maf.1" || { echo "maf(1) lacks --$option"; exit 1; }
  done <"$scratch/options"
done <"$scratch/commands"

#!/bin/bash
# Each program and the library have what cmake/Hardening.cmake asks for.
#
#   hardened.sh BUILD_DIRECTORY
set -euo pipefail
export LC_ALL=C
build=$1
status=0
checked=0

# expect FILE WAY PATTERN WHAT: readelf WAY has a line with PATTERN, else WHAT is wrong with FILE.
expect() {
  local file=$1 way=$2 pattern=$3 what=$4
  # Not -q, which would leave before readelf has said all: with pipefail that is a failure.
  if ! readelf -W "$way" "$file" | grep -E "$pattern" >/dev/null; then
    echo "hardened.sh: ${file#"$build"/}: $what" >&2
    status=1
  fi
}

for file in "$build"/bin/ringside* "$build/lib/libringside.so"; do
  name=${file##*/}
  if [[ $name == *_* ]]; then continue; fi  # a test or a campaign
  checked=$((checked + 1))
  expect "$file" --dynamic '\((BIND_NOW|FLAGS(_1)?)\).*NOW' 'its table of functions can be written: no -z now'
  expect "$file" --program-headers 'GNU_RELRO' 'no -z relro'
  expect "$file" --program-headers 'GNU_STACK .* RW ' 'its stack can be executed'
  expect "$file" --dyn-syms '__stack_chk_fail' 'no stack protector'
  expect "$file" --dyn-syms '__[a-z_]+_chk(@| |$)' 'no checked call of the C library: no _FORTIFY_SOURCE'
  if [[ $name != *.so ]]; then expect "$file" --dynamic '\(FLAGS_1\).*PIE' 'not position-independent'; fi
done
# The four programs and the library.
if ((checked < 5)); then
  echo "hardened.sh: only $checked files in $build" >&2
  exit 1
fi
exit $status

#!/bin/bash
# What libringside shows: every function that its headers declare, under its version, and nothing else.
#
#   symbols.sh LIBRARY HEADER...
set -euo pipefail
declared=$(cat "${@:2}" | grep -v '^#' | tr '\n' ' ' | grep -oP 'RINGSIDE_API[^;(]*?\Kringside_\w+(?=\()' | sort)
shown=$(nm -D --defined-only "$1" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort)
if [[ -z $declared || $declared != "$shown" ]]; then
  diff <(printf '%s\n' "$declared") <(printf '%s\n' "$shown") >&2 || true
  echo "symbols.sh: the headers (<) and the library (>) differ" >&2
  exit 1
fi
soname=$(readelf -d "$1" | sed -n 's/.*Library soname: \[\(.*\)\]/\1/p')
if [[ $soname != libringside.so.0 ]]; then
  echo "symbols.sh: the soname is $soname" >&2
  exit 1
fi
echo "$(wc -l <<<"$shown") functions"

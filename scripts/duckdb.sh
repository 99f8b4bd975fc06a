#!/bin/bash
# Brings DuckDB's C library into build/duckdb, for ringside-feed: libduckdb.so and duckdb.h, out of two
# npm packages, since Debian has none. Does nothing if they are there, or if DuckDB is installed.
#
#   scripts/duckdb.sh
#
# Everything else builds and runs without DuckDB. RINGSIDE_DUCKDB=no asks for that.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=say.sh
source "$(dirname "$(readlink -f "$0")")/say.sh"
cd "$(dirname "$(readlink -f "$0")")/.."

library=@duckdb/node-bindings-linux-x64@1.4.4-r.4
library_sha512=8c14cbfd6bdfc312d3a056bfa551df4fa7a532d96d2469dcdf04aec590fd39f325b62b7d614755152dfbbc1150cd7313d59f0e5a3b528cc87eccf2b13b01cb1c
header=duckdb@1.4.4
header_sha512=844249e61c9517454b8f776638ba6c5ab411d1bddde1892ab72826ea25178c72430e74aa83f5122b171be6abcdace84560f824b5ac94e9d5c2b603ea7269a9a2
# Names what build/duckdb was made of, and is written last: half a download counts for nothing.
stamp="$library $header"
place=build/duckdb

if (($# > 0)); then usage_error "unknown argument $1; usage: scripts/duckdb.sh"; fi
if [[ ${RINGSIDE_DUCKDB:-} == no ]]; then
  # Else the next configuration would find what an earlier run has brought.
  rm -rf "$place"
  exit 0
fi
if [[ -f $place/stamp && $(<"$place/stamp") == "$stamp" ]]; then exit 0; fi
for folder in /usr/local/include /usr/include; do
  if [[ -f $folder/duckdb.h ]]; then exit 0; fi
done

machine=$(uname -m)
if [[ $machine != x86_64 ]]; then
  fail "there is no ready-made DuckDB for $machine here; ringside-feed needs libduckdb.so and duckdb.h, for example in /usr/local"
fi
command -v npm >/dev/null || fail "npm is missing, which brings DuckDB; run scripts/install.sh first"

mkdir -p build
scratch=$(mktemp -d build/duckdb-XXXXXX)
trap 'rm -rf "$scratch"' EXIT

# Brings the package $1, checks that it has the SHA-512 $2, and takes the file $3 out of it.
take() {
  local package=$1 sha512=$2 file=$3 folder
  folder=$(mktemp -d "$scratch/package-XXXXXX")
  npm pack --silent --ignore-scripts --fetch-retries=2 --pack-destination "$folder" "$package" \
    >"$folder/log" 2>&1 </dev/null || {
    tail -n 5 "$folder/log" >&2
    fail "npm could not bring $package (its messages are above); check the network"
  }
  sha512sum --check --status <<<"$sha512  $(echo "$folder"/*.tgz)" ||
    fail "$package is not what was expected: its SHA-512 differs; nothing of it was kept"
  tar -xzf "$folder"/*.tgz -C "$folder" "$file"
  mv "$folder/$file" "$scratch/new/"
}

say "bringing DuckDB into $place, for ringside-feed (32 MB)"
mkdir "$scratch/new"
take "$library" "$library_sha512" package/libduckdb.so
take "$header" "$header_sha512" package/src/duckdb/src/include/duckdb.h
printf '%s\n' "$stamp" >"$scratch/new/stamp"
rm -rf "$place"
chmod 755 "$scratch/new"
mv -T "$scratch/new" "$place"

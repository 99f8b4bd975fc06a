#!/bin/bash
# Configures a preset (CMakePresets.json) and builds it into build/PRESET: all of it, or TARGET.
#
#   scripts/build.sh PRESET [TARGET]
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=say.sh
source "$(dirname "$(readlink -f "$0")")/say.sh"
cd "$(dirname "$(readlink -f "$0")")/.."

if (($# < 1 || $# > 2)); then usage_error "usage: scripts/build.sh PRESET [TARGET]"; fi
preset=$1
target=${2:-all}

[[ -w . ]] || fail "$PWD cannot be written, and the build goes into it; copy the tree to where you may write"
mkdir -p build
# Two builds in one tree would write the same files.
exec {lock}>build/.lock
if ! flock --nonblock "$lock"; then
  say "another build runs in this tree; waiting for its end"
  flock "$lock"
fi
# What one tree has compiled, a copy or a second clone of it finds in the cache, wherever that lies.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=${CCACHE_NOHASHDIR:-true}
scripts/duckdb.sh || say "going on without DuckDB; all is built but ringside-feed, which reads and writes Parquet"
log=build/$preset-configure.log
if ! cmake --preset "$preset" >"$log" 2>&1; then
  tail -n 25 "$log" >&2
  fail "configuring failed (the end of $log is above); if the tree was moved or tools changed, remove build/$preset and try again"
fi

# The largest sources take a compiler over a gigabyte: no more of them at once than fit in memory.
memory_kb=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo)
jobs=$((${memory_kb:-0} / (1536 * 1024)))
cores=$(nproc)
if ((jobs > cores)); then jobs=$cores; fi
if ((jobs < 1)); then jobs=1; fi

cmake --build --preset "$preset" --target "$target" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs}" >&2 ||
  fail "building failed (the first error is above); if it should not, remove build/$preset and try again"

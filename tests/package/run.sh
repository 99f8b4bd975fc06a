#!/bin/bash
# Installs a build into a folder, moves that folder elsewhere, and builds an outside project against
# it in each way that users have: cc and pkg-config, and CMake's find_package.
#
#   run.sh BUILD_DIRECTORY VERSION
set -euo pipefail
build=$1
version=$2
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "run.sh: $*" >&2
  exit 1
}
# Runs a command whose output matters only if it fails.
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "failed: $*"; }; }

quietly cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/installed"
installed=$work/installed

for file in include/ringside.h include/ringside_points.h share/ringside/schemas/event.fbs share/ringside/schemas/event.bfbs; do
  [[ -s $installed/$file ]] || fail "$file was not installed"
done
for program in "$build"/bin/ringside*; do
  name=${program##*/}
  if [[ $name == *_* ]]; then continue; fi  # a test or a campaign
  [[ $("$installed/bin/$name" --version | head -n 1) == "$name $version" ]] || fail "bin/$name does not run"
done

PKG_CONFIG_PATH=$(dirname "$(find "$installed" -name ringside.pc)")
export PKG_CONFIG_PATH
[[ $(pkg-config --modversion ringside) == "$version" ]] || fail "pkg-config says another version"
libdir=$(pkg-config --variable=libdir ringside)
[[ $(readlink -f "$libdir") == "$(readlink -f "$installed")"/* ]] || fail "pkg-config's libdir is $libdir"
# shellcheck disable=SC2046  # flags are words
"$CC" -std=c99 -pedantic-errors -Wall -Wextra -Werror $(pkg-config --cflags ringside) \
  "$here/consumer/main.c" $(pkg-config --libs ringside) -o "$work/by_pkg_config"
LD_LIBRARY_PATH=$libdir quietly "$work/by_pkg_config" "$work/bus" 0
# It is the version of the interface that the program asks for when it starts.
readelf -d "$work/by_pkg_config" | grep -q 'NEEDED.*\[libringside\.so\.0\]' || fail "no soname is needed"

quietly cmake -S "$here/consumer" -B "$work/outside" -DCMAKE_PREFIX_PATH="$installed" \
  -DCMAKE_BUILD_TYPE=Release -DRINGSIDE_WANTED="$version"
quietly cmake --build "$work/outside"
quietly "$work/outside/in_c" "$work/bus" 1
quietly "$work/outside/in_cxx" "$work/bus" 2
quietly "$work/outside/producer_in_cxx" "$work/bus" 3
[[ $("$installed/bin/ringside" --bus "$work/bus" tail load/outside --json | wc -l) == 4 ]] ||
  fail "the installed ringside does not see the four events"
echo "ok"

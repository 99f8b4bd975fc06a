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

cmake --install "$build" --prefix "$work/first" >"$work/install.log" || fail "installing failed"
mv "$work/first" "$work/installed"
installed=$work/installed

for file in include/ringside.h share/ringside/schemas/event.fbs share/ringside/schemas/event.bfbs \
  bin/ringside bin/ringside-dashboard bin/ringside-knn; do
  [[ -s $installed/$file ]] || fail "$file was not installed"
done
[[ $("$installed/bin/ringside" --version) == "ringside $version" ]] || fail "bin/ringside does not run"

PKG_CONFIG_PATH=$(dirname "$(find "$installed" -name ringside.pc)")
export PKG_CONFIG_PATH
[[ $(pkg-config --modversion ringside) == "$version" ]] || fail "pkg-config tells another version"
libdir=$(pkg-config --variable=libdir ringside)
[[ $(readlink -f "$libdir") == "$(readlink -f "$installed")"/* ]] || fail "pkg-config's libdir is $libdir"
# shellcheck disable=SC2046  # flags are words
"$CC" -std=c99 -pedantic-errors -Wall -Wextra -Werror $(pkg-config --cflags ringside) \
  "$here/consumer/main.c" $(pkg-config --libs ringside) -o "$work/by_pkg_config"
LD_LIBRARY_PATH=$libdir "$work/by_pkg_config" "$work/bus" 0
# It is the version of the interface that the program asks for when it starts.
readelf -d "$work/by_pkg_config" | grep -q 'NEEDED.*\[libringside\.so\.0\]' || fail "no soname is needed"

cmake -S "$here/consumer" -B "$work/outside" -DCMAKE_PREFIX_PATH="$installed" \
  -DRINGSIDE_WANTED="$version" >"$work/configure.log" || fail "find_package failed"
cmake --build "$work/outside" >"$work/build.log" || { cat "$work/build.log" >&2; fail "building failed"; }
"$work/outside/in_c" "$work/bus" 1
"$work/outside/in_cxx" "$work/bus" 2
[[ $("$installed/bin/ringside" --bus "$work/bus" tail load/outside --json | wc -l) == 3 ]] ||
  fail "the installed ringside does not see the three events"
echo "ok"

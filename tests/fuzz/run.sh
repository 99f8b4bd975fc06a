#!/bin/bash
# Builds the fuzz targets and runs each for a while; see the usage below.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(cd "$here/../.." && pwd)
# shellcheck source-path=SCRIPTDIR source=../../scripts/say.sh
source "$root/scripts/say.sh"

all=$(cd "$here" && printf '%s ' *_fuzz.cpp | sed 's/_fuzz\.cpp//g')
usage="usage: tests/fuzz/run.sh [--seconds N] [--seed N] [TARGET...]

Builds the preset fuzz (clang, libFuzzer, address and undefined-behaviour sanitizers) and runs each
target, one after the other, from its committed corpus and from what earlier runs found. Prints
executions and findings in a table; exit status 1 if there is a finding.

  --seconds N   how long each target runs (default 60; hours are fine, 28800 is a night)
  --seed N      the seed of the fuzzer (default: another one each time)
  TARGET        of: $all(default: all)

New inputs are kept in build/fuzz/found/TARGET, findings in build/fuzz/findings."

seconds=60
seed=0
targets=()
while (($# > 0)); do
  case "$1" in
    -h | --help)
      printf '%s\n' "$usage"
      exit 0
      ;;
    --seconds | --seed)
      [[ ${2:-} =~ ^[0-9]+$ ]] || usage_error "$1 needs a whole number; see tests/fuzz/run.sh --help"
      if [[ $1 == --seconds ]]; then seconds=$2; else seed=$2; fi
      shift
      ;;
    -*) usage_error "unknown option $1; see tests/fuzz/run.sh --help" ;;
    *)
      [[ -f $here/$1_fuzz.cpp ]] || usage_error "no target $1; there are: $all"
      targets+=("$1")
      ;;
  esac
  shift
done
((seconds > 0)) || usage_error "--seconds must be at least 1"
((${#targets[@]} > 0)) || read -ra targets <<<"$all"

build=$root/build/fuzz
say "building the preset fuzz"
(cd "$root" && cmake --preset fuzz >/dev/null && cmake --build --preset fuzz --target ringside_fuzz) >&2 ||
  fail "the fuzz targets do not build; see above"

# The buses of the targets; a target that ends by a finding leaves its own behind.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
mkdir -p "$build/findings"

rows=()
found=0
for target in "${targets[@]}"; do
  program=$build/bin/fuzz_$target
  kept=$build/found/$target
  log=$build/findings/$target.log
  mkdir -p "$kept"
  options=(-max_total_time="$seconds" -seed="$seed" -max_len=4096 -timeout=20 -rss_limit_mb=4096
    -print_final_stats=1 -artifact_prefix="$build/findings/$target-")
  if [[ -f $here/$target.dict ]]; then options+=(-dict="$here/$target.dict"); fi
  say "$target: $seconds s"
  result=none
  if ! "$program" "${options[@]}" "$kept" "$here/corpus/$target" >"$log" 2>&1; then
    found=1
    file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    what=$(grep -m 1 -E '^does not hold|ERROR: |runtime error: ' "$log" || true)
    result="${what:-see $log}"
    say "$target: ${what:-it failed}; see $log"
    say "reproduce it with: $program ${file:-$log}"
    say "shrink it with: $program -minimize_crash=1 -max_total_time=60 ${file:-$log}"
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  # A target that found something says no figures at the end; its last line of progress does.
  if [[ -z $runs ]]; then runs=$(sed -n 's/^#\([0-9]*\).*/\1/p' "$log" | tail -n 1); fi
  rows+=("$(printf '%-12s %14s  %s' "$target" "${runs:-0}" "$result")")
done

printf '%-12s %14s  %s\n' target executions finding
printf '%s\n' "${rows[@]}"
exit "$found"

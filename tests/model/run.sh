#!/bin/bash
# Searches every execution of the models in this folder, and of each mutation of them.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source-path=SCRIPTDIR source=../../scripts/say.sh
source "$here/../../scripts/say.sh"

usage="usage: tests/model/run.sh [--more N] [--memory MIB] [publish|doorbell]...

Searches every execution of publish.pml (publishing, overwriting, reading, death of the writer) and
doorbell.pml (sleeping and waking) within their bounds. Then it breaks the protocol in one place at a
time and sees that the search finds it. Without a name, both models.

  --more N       a longer campaign: N more records or events in each sound configuration; each
                 one costs three to ten times the states
  --memory MIB   the most that one search may take (default 3000)

The exit status is 0 only if every sound configuration holds, searched to the end, and every mutation
fails. Needs spin and a C compiler; RINGSIDE_MODEL_JOBS says how many searches run at once (default 2)."

more=0
memory=3000
jobs=${RINGSIDE_MODEL_JOBS:-2}
models=()
while (($# > 0)); do
  case "$1" in
    -h | --help)
      printf '%s\n' "$usage"
      exit 0
      ;;
    --more | --memory)
      [[ ${2:-} =~ ^[0-9]{1,6}$ ]] || usage_error "$1 needs a number; see --help"
      if [[ $1 == --more ]]; then more=$((10#$2)); else memory=$((10#$2)); fi
      shift
      ;;
    publish | doorbell) models+=("$1") ;;
    *) usage_error "unknown argument $1; see --help" ;;
  esac
  shift
done
[[ $jobs =~ ^[1-9][0-9]?$ ]] || usage_error "RINGSIDE_MODEL_JOBS=$jobs: must be a number from 1 to 99"
((${#models[@]} > 0)) || models=(publish doorbell)
for tool in spin cc; do
  command -v "$tool" >/dev/null ||
    fail "$tool is missing; install it with: apt-get install spin gcc libc6-dev"
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# One line: what is expected, the model, the name, its macros.
plan() {
  case $1 in
    publish)
      echo "sound publish bytes RECORDS=$((5 + more))"
      echo "sound publish bytes,odd RECORDS=$((5 + more)) CAPACITY=3 RETAIN=2"
      echo "sound publish index RECORDS=$((8 + more)) CAPACITY=4 LONGEST=1 SLOTS=2 RETAIN=1"
      echo "sound publish two-readers RECORDS=$((3 + more)) READERS=2 LONGEST=1 SLOTS=2 RETAIN=1"
      echo "sound publish killed RECORDS=$((3 + more)) KILLS=1"
      # What a reader can see grows with the log, and a reader changes nothing. So one that comes
      # last can see all that one at any time can, and the search is far smaller.
      echo "sound publish killed,longer RECORDS=$((5 + more)) KILLS=1 READERS_LAST"
      echo "sound publish killed-twice RECORDS=$((3 + more)) KILLS=2 READERS_LAST"
      for mutation in NEXT_FIRST NEXT_RELAXED NO_NEXT_ACQUIRE INDEX_LATE OLDEST_LATE \
        OLDEST_RELAXED NO_RELEASE_FENCE NO_ACQUIRE_FENCE NO_SECOND_CHECK NO_INDEX_CHECK; do
        echo "broken publish $mutation M_$mutation RECORDS=5"
      done
      echo "broken publish PLACE_LATE M_PLACE_LATE RECORDS=8 CAPACITY=4 LONGEST=1 SLOTS=2 RETAIN=1"
      for mutation in NEXT_RELAXED OLDEST_LATE NO_RELEASE_FENCE TAKE_UP_AT_LAST; do
        echo "broken publish $mutation,killed M_$mutation RECORDS=5 KILLS=1 READERS=0"
      done
      echo "broken publish NO_TAKE_UP_FENCE,killed M_NO_TAKE_UP_FENCE RECORDS=4 KILLS=1 READERS_LAST"
      ;;
    doorbell)
      echo "sound doorbell two-producers EVENTS=$((3 + more))"
      echo "sound doorbell two-readers EVENTS=$((3 + more)) PRODUCERS=1 READERS=2"
      echo "sound doorbell two-and-two EVENTS=$((1 + more)) PRODUCERS=2 READERS=2"
      for mutation in NEXT_RELEASE WAITING_RELEASE CLEAR_AFTER_RINGS RINGS_RELAXED LOOK_FIRST \
        TICKET_LAST NO_WAKE; do
        echo "broken doorbell $mutation M_$mutation PRODUCERS=1"
      done
      ;;
  esac
}

# Searches one configuration and prints its line. Fails if it is not as expected.
search() {
  local expected=$1 model=$2 name=$3 optimise=-O1 hash=22 output states seconds verdict
  shift 3
  # A mutation is found at once, and short searches are soon done; then compiling takes longest.
  if [[ $expected == broken ]]; then
    optimise=-O0 hash=18
  elif ((more > 0)); then
    optimise=-O2 hash=24
  fi
  local work=$scratch/$model-$name
  mkdir "$work" && cd "$work"
  if ! spin -a "${@/#/-D}" "$here/$model.pml" >spin.log 2>&1 || [[ ! -f pan.c ]]; then
    say "$model $name: spin does not take the model: $(head -3 spin.log)"
    return 1
  fi
  cc "$optimise" -w -DSAFETY -DMEMLIM="$memory" -o pan pan.c || return 1
  # -b: a search that reaches the limit of depth is an error, not a warning.
  ./pan -b -m2000000 -w"$hash" >pan.log 2>&1 || true
  output=$(<pan.log)
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' pan.log)
  seconds=$(sed -n 's/^pan: elapsed time \([0-9.]*\) seconds.*/\1/p' pan.log)
  verdict=$(sed -n 's/^pan:[0-9]*: \(.*\)/\1/p' pan.log | head -1)
  if [[ $verdict == 'assertion violated'*'stores<'* ]]; then
    verdict='' # the model's own bound
  elif [[ $verdict == 'assertion violated'* || $verdict == 'invalid end state'* ]]; then
    if [[ $expected == sound ]]; then
      say "$model $name: the protocol fails: $verdict; the execution ends so:"
      spin -k "$model.pml.trail" "${@/#/-D}" -g -l -p "$here/$model.pml" 2>&1 | tail -60 >&2 || true
      return 1
    fi
    verdict="found: ${verdict#assertion violated }"
  elif [[ $output == *'errors: 0'* && $output != *'Search not completed'* &&
    $output != *'max search depth too small'* && -n $states ]]; then
    if [[ $expected == broken ]]; then
      say "$model $name: this mutation must fail, and it passes; the model has lost its teeth"
      return 1
    fi
    verdict='holds'
  else
    verdict=''
  fi
  if [[ -z $verdict ]]; then
    say "$model $name: the search was cut short; try a larger --memory or a smaller --more:" \
      "$(grep -E '^(pan|error)' pan.log | head -3 | tr '\n' ' ')"
    return 1
  fi
  printf '%-6s %-8s %-24s %9s states %6s s  %s\n' "$expected" "$model" "$name" "$states" \
    "${seconds:-0}" "${verdict% (at depth*}"
}

for model in "${models[@]}"; do
  plan "$model"
done >"$scratch/plan"
total=$(wc -l <"$scratch/plan")
failures=0
running=0
reap() {
  wait -n || failures=$((failures + 1))
  running=$((running - 1))
}
while read -r -a line; do
  ((running < jobs)) || reap
  search "${line[@]}" &
  running=$((running + 1))
done <"$scratch/plan"
while ((running > 0)); do reap; done
((failures == 0)) || fail "$failures of $total configurations are not as they should be"
say "all $total configurations are as they should be, in $SECONDS s"

#!/bin/bash
# Installs what is missing, builds, and runs the main job: a bus, the KNN producer and the dashboard.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source-path=SCRIPTDIR source=scripts/say.sh
source "$here/scripts/say.sh"

# shellcheck disable=SC2016  # the user's $RINGSIDE_BUS is meant as it is written
usage='usage: ./run.sh [--build-only] [--listen HOST:PORT] [--bus DIR]

Installs what is missing (Debian 12, root or sudo), builds into build/release, and runs the KNN
producer on a real embedding, and the dashboard that shows it. Ctrl-C stops all of it.

  --build-only         install and build, and run nothing
  --listen HOST:PORT   where the dashboard serves (default 127.0.0.1:8765; port 0 picks a free one)
  --bus DIR            the bus directory (default: $RINGSIDE_BUS, else /run/ringside where that
                       exists, else /dev/shm/ringside)'

build_only=false
listen=127.0.0.1:8765
bus=()
while (($# > 0)); do
  case "$1" in
    -h | --help)
      printf '%s\n' "$usage"
      exit 0
      ;;
    --build-only) build_only=true ;;
    --listen= | --bus=) usage_error "${1%=} needs a value; see ./run.sh --help" ;;
    --listen=*) listen=${1#*=} ;;
    --bus=*) bus=(--bus "$(realpath -m -- "${1#*=}")") ;;
    --listen | --bus)
      if (($# < 2)) || [[ -z $2 ]]; then usage_error "$1 needs a value; see ./run.sh --help"; fi
      if [[ $1 == --listen ]]; then listen=$2; else bus=(--bus "$(realpath -m -- "$2")"); fi
      shift
      ;;
    *) usage_error "unknown argument $1; see ./run.sh --help" ;;
  esac
  shift
done
# A relative RINGSIDE_BUS, like a relative --bus, means one from where the user stands.
if [[ -n ${RINGSIDE_BUS:-} ]]; then
  RINGSIDE_BUS=$(realpath -m -- "$RINGSIDE_BUS")
  export RINGSIDE_BUS
fi
cd "$here"

scripts/install.sh
scripts/build.sh release ringside_installed
if $build_only; then
  say "built; the programs are in build/release/bin, and cmake --install build/release --prefix DIR installs all of it"
  exit 0
fi

bin=build/release/bin
fit=data/processed/knn_v1.parquet
# Without DuckDB there is no Parquet: the fit is saved in a format of our own, and the page shows the JSON beside it.
if [[ $("$bin/ringside-feed" --version) == *'without DuckDB'* ]]; then fit=data/processed/knn_v1.fit; fi
# 70,000 points take 3.5 seconds: quick, and slow enough to watch the scatter being replaced.
stream=(--loop --cycle-pause-s 10 --rate 20000)

scratch=$(mktemp -d "${TMPDIR:-/tmp}/ringside-run-XXXXXX")
declare -A name_of=()

# Asks all programs to end, and makes those end that have not after five seconds.
stop_all() {
  trap '' INT TERM HUP
  local pids=("${!name_of[@]}") alive pid tries
  kill -TERM "${pids[@]}" 2>/dev/null || true
  for ((tries = 0; tries < 100; ++tries)); do
    alive=false
    for pid in "${pids[@]}"; do
      if kill -0 "$pid" 2>/dev/null; then alive=true; fi
    done
    $alive || break
    sleep 0.05
  done
  if $alive; then kill -KILL "${pids[@]}" 2>/dev/null || true; fi
  wait || true
}

finish() {
  local status=$?
  if ((${#name_of[@]} > 0)); then stop_all; fi
  rm -rf "$scratch"
  exit "$status"
}
trap finish EXIT

stopped_by_user() {
  trap '' INT TERM HUP
  # The terminal's ^C, or the progress line, is still on this line.
  printf '\n' >&2
  say "stopping"
  exit 0
}
trap stopped_by_user INT TERM HUP

# Starts a program; its process id is in $started. A session of its own keeps the terminal's Ctrl-C
# away from it, so that it is asked to end once, by us; and it ends should this script be killed.
start() {
  local name=$1
  shift
  setsid setpriv --pdeathsig TERM "$bin/$name" "$@" </dev/null &
  started=$!
  name_of[$started]=$name
}

died() {
  local name=${name_of[$1]}
  unset "name_of[$1]"
  printf '\n' >&2
  if (($2 > 128)); then fail "$name was killed by signal $(($2 - 128)); stopping the rest"; fi
  fail "$name ended with status $2 (its message is above); stopping the rest"
}

# Waits for one of the programs to end. It is an error unless it is $1 and all went well.
wait_for() {
  local ended='' status=0
  wait -n -p ended "${!name_of[@]}" || status=$?
  if [[ $ended != "$1" ]] || ((status != 0)); then died "$ended" "$status"; fi
  unset "name_of[$ended]"
}

# Starts the dashboard on $listen and waits until it serves; its address is then in $url, so that it
# can be started again on the same port.
start_dashboard() {
  : >"$scratch/dashboard"
  start ringside-dashboard --listen "$listen" --log-level warn --data "${fit%/*}" "${bus[@]}" >"$scratch/dashboard"
  dashboard=$started
  until grep -q '^listening on ' "$scratch/dashboard"; do
    if ! kill -0 "$dashboard" 2>/dev/null; then
      status=0
      wait "$dashboard" || status=$?
      died "$dashboard" "$status"
    fi
    sleep 0.05
  done
  url=$(sed -n 's/^listening on //p' "$scratch/dashboard")
  listen=${url#http://}
}
# What is there of an earlier fit, the page shows at once.
mkdir -p "${fit%/*}"
start_dashboard

if [[ ! -e $fit ]]; then
  say "the dashboard serves at $url; computing the fit that it will show, once (a few seconds)"
  start ringside-knn produce --fit-out "$fit" >&2
  wait_for "$started"
fi
start ringside-knn stream --fit "$fit" "${stream[@]}" "${bus[@]}"
# Said once there is something to look at.
while kill -0 "$started" 2>/dev/null &&
  ! "$bin/ringside" ls --json "${bus[@]}" 2>/dev/null | grep '"channel":"embedding"' >/dev/null; do
  sleep 0.05
done
say "the dashboard is at $url (Ctrl-C stops everything)"

# Nothing is lost when a dashboard dies, so one that is killed is simply started again.
while true; do
  ended='' status=0
  wait -n -p ended "${!name_of[@]}" || status=$?
  if [[ $ended != "$dashboard" ]] || ((status <= 128)); then died "$ended" "$status"; fi
  unset "name_of[$ended]"
  printf '\n' >&2
  say "the dashboard was killed by signal $((status - 128)); starting it again"
  sleep 0.2
  start_dashboard
done

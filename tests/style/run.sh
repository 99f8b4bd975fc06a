#!/bin/bash
# What holds for every source: its format, and which folder may include which.
#
#   run.sh CLANG_FORMAT
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
mapfile -t sources < <(find bus cli schemas producer_shim dashboard_reader tests bench \
  -name node_modules -prune -o -name '*.[ch]pp' -print -o -name '*.[ch]' -print)
((${#sources[@]} > 100))

status=0
"$1" --dry-run -Werror "${sources[@]}" || status=1

# in FOLDER..., nothing may match an extended regular expression: REASON
forbid() {
  local pattern=$1 reason=$2
  shift 2
  if grep -rnE --include='*.[ch]pp' "#include *[<\"]($pattern)" "$@"; then
    echo "run.sh: the lines above: $reason" >&2
    status=1
  fi
}
forbid '(cli|producer_shim|dashboard_reader|schemas)/|.*_generated|asio|flatbuffers/|spdlog/' \
  'bus/ knows nothing above it: no FlatBuffers, no Asio, no logging' bus
forbid 'bus/(durable|inspect|program)/|bus/(bus|clock|crc32c|doorbell|layout|mapping|reader|record.*|segment|writer)\.hpp' \
  'bus/os/ wraps the operating system, and knows no segment' bus/os
forbid 'bus/(durable|inspect|program)/' 'the core knows neither recovery nor what people ask' bus/*.?pp
forbid 'bus/(inspect|program)/' 'only people ask what bus/inspect/ answers' bus/durable
forbid 'bus/program/' 'only programs need what bus/program/ has' bus/inspect
forbid 'bus/(durable|inspect)/|CLI/|nlohmann/' 'every program needs bus/program/, small ones too' bus/program
forbid '(cli|producer_shim|dashboard_reader)/|bus/(writer|reader)' 'schemas/ knows no segments' schemas
forbid '(cli|dashboard_reader)/|asio|spdlog/' 'a producer knows no dashboard' producer_shim
forbid '(cli|producer_shim)/|bus/writer|duckdb' 'the dashboard only reads' dashboard_reader
forbid 'dashboard_reader/|asio|spdlog/' 'the command speaks to no dashboard' cli
forbid 'tests/|bench/' 'programs know no tests' bus cli schemas producer_shim dashboard_reader
exit $status

#!/bin/bash
# Installs what is missing, builds, and runs every test. The exit status is 0 only if all passed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
# shellcheck source-path=SCRIPTDIR source=scripts/say.sh
source scripts/say.sh

usage='usage: ./test.sh [--help] [-- CTEST ARGUMENT...]

Installs what is missing (Debian 12, root or sudo), builds the release preset, and runs every test:
unit, crash, wire and browser. What comes after -- goes to CTest, for example: ./test.sh -- -R bus'

case "${1:-}" in
  '') ;;
  --) shift ;;
  -h | --help)
    printf '%s\n' "$usage"
    exit 0
    ;;
  *) usage_error "unknown argument $1; see ./test.sh --help" ;;
esac

scripts/install.sh --tests
scripts/build.sh release
# A tree without a single test has not passed them.
exec ctest --preset release --no-tests=error "$@"

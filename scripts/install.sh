#!/bin/bash
# Installs what Debian 12 lacks of what ringside needs, and nothing if all is there.
#
#   scripts/install.sh [--tests]
#
# --tests adds what only the tests need.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=say.sh
source "$(dirname "$(readlink -f "$0")")/say.sh"

packages=(
  # Compiler and build tools. ccache makes a build from scratch quick the second time.
  g++ cmake ninja-build ccache
  # Nothing below works over https without them; git says which version was built.
  git ca-certificates
  # bus/: shared mappings (Boost.Interprocess), Result (expected), checksums (ISA-L).
  libboost-dev libexpected-dev libisal-dev
  # Events and their schemas: the compiler and the runtime.
  flatbuffers-compiler libflatbuffers-dev
  # Programs: arguments, JSON, JSON lines at speed, logging.
  libcli11-dev nlohmann-json3-dev rapidjson-dev libspdlog-dev
  # The dashboard: event loop, the WebSocket handshake's SHA-1, the HTTP parser of Node.js as C,
  # UTF-8, metrics, socket activation.
  libasio-dev libssl-dev node-llhttp libutfcpp-dev prometheus-cpp-dev libsystemd-dev
  # The KNN producer: linear algebra, nearest neighbours, gzip, and the images that it fits.
  libeigen3-dev libnanoflann-dev zlib1g-dev dataset-fashion-mnist
  # Parquet's metadata, which is in Thrift's compact protocol.
  libthrift-dev thrift-compiler
  # The tests are configured and built together with the rest.
  catch2
  # What README.md and docs/ have people type, and Debian's NumPy for the Python package.
  curl openssl pkg-config procps python3-venv python3-numpy
)
test_packages=(
  # How sources look.
  clang-format-14
  # A WebSocket client that is not ours, and a browser that draws the page.
  python3-websockets chromium
  # A proxy in front of the dashboard, and the sandbox that its unit asks for.
  caddy systemd python3-seccomp
  # Slow clients of every kind.
  slowhttptest
  # Instructions and system calls, counted.
  valgrind strace
  # The model checker, and file systems to shut down under a producer.
  spin e2fsprogs xfsprogs
)

case "${1:-}" in
  '') ;;
  --tests) packages+=("${test_packages[@]}") ;;
  *) usage_error "unknown argument $1; usage: scripts/install.sh [--tests]" ;;
esac

# The page is built with npm. A Node.js from elsewhere is as good, if it is recent enough.
node_major() { node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p'; }
major=$(node_major) || major=
if ! [[ $major =~ ^[0-9]+$ ]] || ((major < 18)); then
  packages+=(nodejs npm)
elif ! command -v npm >/dev/null; then
  packages+=(npm)
fi

declare -A installed=()
while read -r package status; do
  if [[ $status == installed ]]; then installed[${package%%:*}]=1; fi
  # dpkg-query fails when it does not know one of them; that one is then missing below.
done < <(dpkg-query --show --showformat '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
  if [[ -z ${installed[$package]:-} ]]; then missing+=("$package"); fi
done
if ((${#missing[@]} == 0)); then exit 0; fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    fail "packages are missing and there is no sudo; as root, run: apt-get install --no-install-recommends ${missing[*]}"
  as_root=(sudo)
fi
# With the folders of the administrator's programs, which "su" alone does not bring and dpkg needs.
apt_get() {
  "${as_root[@]}" env PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive apt-get -q -y \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@" >&2
}

say "installing ${#missing[@]} packages: ${missing[*]}"
apt_get update ||
  fail "apt-get update failed (its messages are above); check the network and /etc/apt; ringside is made for Debian 12"
apt_get install --no-install-recommends "${missing[@]}" ||
  fail "apt-get install failed (its messages are above); ringside is made for Debian 12"
# Debian starts it as a service, on port 80; here it is only run by tests.
if [[ " ${missing[*]} " == *" caddy "* && -d /run/systemd/system ]]; then
  "${as_root[@]}" systemctl disable --now caddy >&2 || true
fi
major=$(node_major) || major=
if ! [[ $major =~ ^[0-9]+$ ]] || ((major < 18)); then
  fail "Node.js 18 or later is needed, and $(command -v node || echo 'no node') comes first in PATH; put /usr/bin before it"
fi

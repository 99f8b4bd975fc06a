# What the scripts say, and how they end. To be sourced by bash.
# shellcheck shell=bash

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

fail() {
  say "$*"
  exit 1
}

usage_error() {
  say "$*"
  exit 2
}

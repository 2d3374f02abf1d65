#!/bin/sh
# Some browser tests run in Firefox too, where it is. Installs Debian's package (80 MB) where there is none.
set -eu
for browser in "${FIREFOX:-}" /usr/bin/firefox-esr /usr/bin/firefox; do
  if [ -n "$browser" ] && [ -x "$browser" ]; then
    echo "Firefox: $browser"
    exit 0
  fi
done
if ! command -v apt-get >/dev/null; then
  echo "Firefox not found: install it and set FIREFOX to its path" >&2
  exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo
$as_root apt-get update -q
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qy --no-install-recommends firefox-esr

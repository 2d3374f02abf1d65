#!/bin/sh
# The browser tests need Chromium. Installs Debian's package where there is none.
set -eu
for browser in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser; do
  if [ -n "$browser" ] && [ -x "$browser" ]; then
    echo "Chromium: $browser"
    exit 0
  fi
done
if ! command -v apt-get >/dev/null; then
  echo "Chromium not found: install it and set CHROMIUM to its path" >&2
  exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo
$as_root apt-get update -q
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qy --no-install-recommends chromium

#!/bin/sh
# install-browser.sh <name> <Debian's package>: the browser tests need Chromium, and some run in Firefox too,
# where it is. Installs the package where there is none; CHROMIUM or FIREFOX may name one that is elsewhere.
set -eu
name=$1 package=$2
variable=$(echo "$name" | tr '[:lower:]' '[:upper:]')
eval "named=\${$variable:-}"
for browser in "$named" "/usr/bin/$package" "/usr/bin/$name" "/usr/bin/$name-browser"; do
  if [ -n "$browser" ] && [ -x "$browser" ]; then
    echo "$name: $browser"
    exit 0
  fi
done
. "$(dirname "$0")/debian.sh"
find_packages "$name not found: install it and set $variable to its path"
install_packages "$package"

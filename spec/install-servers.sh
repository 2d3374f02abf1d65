#!/bin/sh
# The queue's tests start Redis and PostgreSQL on free ports. Installs Debian's packages where they
# are missing, without starting their services.
set -eu
missing=""
command -v redis-server >/dev/null || missing="redis-server"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null ||
  missing="$missing postgresql"
if [ -z "$missing" ]; then
  echo "Redis: $(command -v redis-server), PostgreSQL: $(command -v initdb || ls -d /usr/lib/postgresql/*)"
  exit 0
fi
. "$(dirname "$0")/debian.sh"
find_packages "Not found:$missing; without them the queue's tests are skipped"
# A policy that says no keeps the services down; tests start servers of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod +x "$policy"
  trap '$as_root rm -f "$policy"' EXIT
fi
# shellcheck disable=SC2086
install_packages $missing

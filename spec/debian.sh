# Debian's packages for the tests; sourced by the scripts that install some.
as_root=""
[ "$(id -u)" -eq 0 ] || as_root=sudo

# find_packages <what to say where there is no apt-get>
find_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "$1" >&2
    exit 1
  fi
  $as_root apt-get update -q
}

# install_packages <package>...
install_packages() {
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -qy --no-install-recommends "$@"
}

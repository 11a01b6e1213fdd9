#!/usr/bin/env bash
# Install what tests need beside Python and Node: a browser, fonts, nginx, htpasswd, Redis, PostgreSQL.
# On Debian and as root only; elsewhere it says what is missing, and those tests are skipped.
set -uo pipefail

PATH=$PATH:/usr/sbin:/sbin
policy=/usr/sbin/policy-rc.d
mark="# For the time of an installation: the tests start their own servers."
missing=()

need() { # PACKAGE FILE…: the package is there when one of the files is
  local package=$1 file
  shift
  for file in "$@"; do
    [ -e "$file" ] && return
  done
  missing+=("$package")
}

need chromium-headless-shell "$(command -v chromium-headless-shell)"
need nginx "$(command -v nginx)"
need apache2-utils "$(command -v htpasswd)"
need redis-server "$(command -v redis-server)"
need postgresql /usr/lib/postgresql/*/bin/postgres
need fonts-dejavu-core /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
need fonts-noto-cjk /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc
[ ${#missing[@]} -eq 0 ] && exit 0

give_up() {
  echo "Not installed: ${missing[*]} ($1). Tests that need them will be skipped, by name." >&2
  exit 0
}
[ "$(id -u)" -eq 0 ] || give_up "not root"
command -v apt-get >/dev/null || give_up "no apt-get here"

restore() {
  rm -f "$policy"
  [ ! -e "$policy.kept" ] || mv "$policy.kept" "$policy"
}
trap restore EXIT
trap 'exit 130' INT TERM HUP

# What a killed run left behind is ours; anything else is the machine's and comes back afterwards.
if [ -e "$policy" ] && ! grep -qF "$mark" "$policy"; then
  mv "$policy" "$policy.kept"
fi
printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
chmod 755 "$policy"

echo "Installing for the tests: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
quiet=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3)
apt-get "${quiet[@]}" update </dev/null >&2 || true # the lists may be recent enough
apt-get "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >&2 ||
  give_up "apt-get failed; its reason is above"

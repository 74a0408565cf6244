#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that the tests need and that are missing; needs root or sudo only
# then. The tests start these servers themselves, each on its own: none is started or enabled here. What fuzzes the
# API goes into target/schemathesis, what checks the alerts into target/promtool, the rules of accessibility that pages are held to into target/axe, from PyPI; the
# State's design system, which pages may wear, into target/dsfr, what lints the API's description into target/redocly,
# from npm.
set -euo pipefail
PATH="$PATH:/usr/sbin:/sbin"
cd "$(dirname "$0")/.."

fuzzer() {
  local venv=target/schemathesis wanted=tests/schemathesis/requirements.txt
  cmp --quiet "$wanted" "$venv/installed.txt" && return
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"
  cp "$wanted" "$venv/installed.txt"
}

# axe 4.12.1 (https://github.com/dequelabs/axe-core) is a file of this package.
rules() {
  local axe=target/axe package=axe-playwright-python==0.1.8
  [ ! -e "$axe/axe.min.js" ] || return 0
  rm -rf "$axe"
  mkdir -p "$axe"
  echo "$package --hash=sha256:fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8" >"$axe/wanted.txt"
  target/schemathesis/bin/pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --requirement "$axe/wanted.txt" --dest "$axe"
  python3 -m zipfile --extract "$axe"/*.whl "$axe"
  mv "$axe/axe_playwright_python/axe.min.js" "$axe"
}

from_npm() {
  local folder=target/$1 wanted=tests/$1/package-lock.json
  cmp --quiet "$wanted" "$folder/installed.json" && return
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "tests/$1/package.json" "$wanted" "$folder"
  npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent
  cp "$wanted" "$folder/installed.json"
}

# promtool alone: the rest of its package is a server five times as large, which would be a service.
promtool() {
  local folder=target/promtool
  [ ! -x "$folder/promtool" ] || return 0
  rm -rf "$folder"
  mkdir -p "$folder"
  (cd "$folder" && apt-get -qq download prometheus 2>/dev/null &&
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar --extract --strip-components 3 ./usr/bin/promtool && rm prometheus_*.deb)
}

from_registries() {
  promtool
  fuzzer
  rules
  from_npm dsfr
  from_npm redocly
}

# PHP, Java, Node.js and curl run the samples of docs/samples; docker-compose reads compose.yaml without a Docker;
# debootstrap makes the Debian that the package is tried in, zsh and fish read their completions.
# Each package brings a program of its own name, or the one behind its `=`. Ubuntu has Chromium as a snap only: there,
# any Chromium or Chrome with its chromedriver does.
missing=()
for package in redis-server postfix slapd openssl dovecot-imapd=/usr/lib/dovecot/imap chromium \
  chromium-driver=chromedriver nginx apache2-bin=apache2 caddy npm nodejs=node php-cli=php \
  default-jdk-headless=javac curl systemd=systemd-analyze docker-compose debootstrap zsh fish; do
  command -v "${package#*=}" >/dev/null || missing+=("${package%%=*}")
done
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
# A module, which is no program.
[ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || missing+=(libapache2-mod-auth-openidc)
if [ ${#missing[@]} -eq 0 ]; then
  [ "${1:-}" = packages ] || from_registries
  exit
fi

if ! command -v apt-get >/dev/null; then
  echo "tests/install.sh: missing: ${missing[*]}; this system has no apt-get: install them by its own means" >&2
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "tests/install.sh: as root, run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  echo "The tests need ${missing[*]}: sudo installs them." >&2
  sudo tests/install.sh packages
  exec tests/install.sh
fi

# Packages start no service while this file says so (Debian: invoke-rc.d).
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$guard"
  chmod 755 "$guard"
fi

export DEBIAN_FRONTEND=noninteractive
debconf-set-selections <<'ANSWERS'
postfix postfix/main_mailer_type select No configuration
slapd slapd/no_configuration boolean true
ANSWERS
apt() { apt-get -qq -o DPkg::Lock::Timeout=300 "$@"; }
apt update
apt install -y --no-install-recommends "${missing[@]}" >/dev/null

# Nor do they start at the next boot; dovecot-imapd is the service dovecot, the others have their package's name.
if command -v systemctl >/dev/null; then
  for package in "${missing[@]}"; do
    systemctl --quiet disable "${package%-imapd}" 2>/dev/null || true
  done
fi

[ "${1:-}" = packages ] || from_registries

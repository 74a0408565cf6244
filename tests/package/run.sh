#!/usr/bin/env bash
# Installs, upgrades, removes and purges the Debian package in a fresh Debian (debootstrap, kept in target/package), as root.
# No systemd runs in there: its programs that need none do their work, and what systemctl is asked is written down.
# tests/package/run.sh [release]: around the tests' program, or the package of `make package`.
set -euo pipefail
cd "$(dirname "$0")/../.."

around=${1:-tests}
suite=bookworm
here=$PWD/target/package
if [ "$(id -u)" != 0 ]; then
  exec sudo --preserve-env=PATH,CARGO,CARGO_HOME,RUSTUP_HOME,HOME "$0" "$@"
fi
say() { echo "== $*"; }
# A step ends with the next one, or with the script.
steps=0
step() { steps=$((steps + 1)); say "$*"; }
fail() { echo "tests/package/run.sh: $*" >&2; exit 1; }
for program in debootstrap zsh fish; do
  command -v "$program" >/dev/null || fail "$program is not there: tests/install.sh installs it"
done

# --- the package -----------------------------------------------------------------------------------------------------

if [ "$around" = release ]; then
  packages=("$here"/passerelle_*_"$(dpkg --print-architecture)".deb)
  [ -e "${packages[0]}" ] || fail "no package in target/package: run make package"
  new=${packages[0]}
  bases=$here
else
  say "package of the tests' program"
  "${CARGO:-cargo}" build --locked --bin passerelle --example manual
  mkdir -p "$here"
  # Without symbols, so that it packs in seconds.
  strip --strip-all -o "$here/passerelle" target/debug/passerelle
  target/debug/examples/manual target/manual
  rm -rf "$here/root"
  make --no-print-directory --silent install PROGRAM="$here/passerelle" DESTDIR=target/package/root PREFIX=/usr
  packaging/package.sh --fast
  new=$(echo "$here"/passerelle_*.deb)
fi

step "the same tree and version give the same package, to the byte"
again=$(mktemp --directory)
clean_up() {
  local left
  left=$(jobs -p)
  # shellcheck disable=SC2086
  if [ -n "$left" ]; then kill $left 2>/dev/null || true; wait; fi
  if mountpoint --quiet "$again/debian/proc"; then umount "$again/debian/proc"; fi
  rm -rf --one-file-system "$again"
}
trap clean_up EXIT
cp "$new" "$again/first.deb"
find "$here/root" -exec touch --no-dereference {} +
if [ "$around" = release ]; then packaging/package.sh >/dev/null; else packaging/package.sh --fast >/dev/null; fi
cmp "$again/first.deb" "$new" || fail "two packages of one tree differ"

say "an earlier and a later version, whose defaults differ"
# $1: version, $2: a line that passerelle.toml and a mapping end with.
variant() {
  local tree="$again/$1"
  dpkg-deb --raw-extract "$new" "$tree"
  sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
  echo "# $2" | tee -a "$tree/etc/passerelle/passerelle.toml" >>"$tree/etc/passerelle/mappings/lsu.toml"
  dpkg-deb --root-owner-group -Znone --build "$tree" "$again/$1.deb" >/dev/null
  rm -rf "$tree"
}
variant 0.0.1-1 "défauts d’avant"
variant 999.0-1 "défauts d’après"

# --- a fresh Debian --------------------------------------------------------------------------------------------------

base=$here/$suite.tar
if [ ! -e "$base" ]; then
  say "debootstrap $suite"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep '/debian/*$' | head -1 || true)
  rm -rf "$again/debian"
  debootstrap --variant=minbase --include=systemd-standalone-sysusers,systemd-standalone-tmpfiles,ca-certificates \
    "$suite" "$again/debian" "${mirror:-http://deb.debian.org/debian}" >"$here/debootstrap.log" \
    || { tail -20 "$here/debootstrap.log" >&2; fail "debootstrap failed"; }
  rm -rf "$again"/debian/var/cache/apt/archives/*.deb "$again"/debian/var/lib/apt/lists/*
  tar --create --file "$base.new" --directory "$again/debian" .
  mv "$base.new" "$base"
  rm -rf "$again/debian"
fi
root=$again/debian
mkdir "$root"
tar --extract --file "$base" --directory "$root"
mount -t proc proc "$root/proc"
clean=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive)
in_root() { chroot "$root" "${clean[@]}" "$@"; }
# As on a machine that systemd runs; the only service there is, is active once this file is there.
mkdir -p "$root/run/systemd/system"
cat >"$root/usr/local/bin/systemctl" <<'SYSTEMCTL'
#!/bin/sh
echo "$*" >>/tmp/systemctl
case " $* " in
*" is-active "*) [ -e /tmp/active ] ;;
*" is-enabled "*) echo enabled ;;
esac
SYSTEMCTL
chmod 755 "$root/usr/local/bin/systemctl"
asked() { grep --quiet -- "$1" "$root/tmp/systemctl" 2>/dev/null; }
forget() { rm -f "$root/tmp/systemctl"; }
snapshot() { (cd "$root" && find etc var/lib/systemd run usr -printf '%p %m %u:%g %y\n' | grep -v '^var/lib/systemd/catalog' | LC_ALL=C sort); }
install_package() {
  cp "$1" "$root/tmp/package.deb"
  # What dpkg asks of a changed conffile has no answer here: by default the operator's stays.
  in_root dpkg --install "${@:2}" /tmp/package.deb </dev/null
}

before=$(snapshot)
accounts_before=$(cat "$root/etc/passwd" "$root/etc/group")

step "installation"
forget
install_package "$again/0.0.1-1.deb" >"$again/said" 2>&1 || { cat "$again/said" >&2; fail "the installation failed"; }
grep --quiet 'systemctl enable --now passerelle' "$again/said" || fail "the installation does not say what comes next"
! asked 'start' || fail "the installation starts a service that knows no GLPI"
[ "$(in_root stat --format '%a %U:%G' /etc/passerelle/secrets)" = '750 root:passerelle' ] || fail "the secrets' folder is not as it must be"
in_root getent passwd passerelle | grep --quiet ':/nonexistent:/usr/sbin/nologin$' || fail "the account is not as it must be"
in_root dpkg --verify passerelle
for conffile in passerelle.toml default.toml environment mappings/lsu.toml; do
  in_root dpkg-query --show --showformat '${Conffiles}\n' passerelle | grep --quiet " /etc/passerelle/$conffile " || fail "$conffile is no conffile"
done
version=$(in_root passerelle --version)
[[ $version == "passerelle "[0-9]* ]] || fail "--version says $version"
# The tests' program is told no commit.
commit=$(git describe --always --dirty --abbrev=7 --exclude='*' 2>/dev/null || true)
if [ "$around" = release ] && [ -n "$commit" ]; then
  [[ $version == *" ($commit)" ]] || fail "--version does not name the commit $commit: $version"
fi
[ -s "$root/usr/share/man/man1/passerelle-serve.1.gz" ] || fail "no man page"

step "each shell reads its completions"
completions_of() { # $1: what stands before share, $2: zsh's folder
  bash -n "$1/share/bash-completion/completions/passerelle" || fail "bash cannot read its completions"
  zsh -n "$1/share/zsh/$2/_passerelle" || fail "zsh cannot read its completions"
  fish --no-execute "$1/share/fish/vendor_completions.d/passerelle.fish" || fail "fish cannot read its completions"
}
completions_of "$root/usr" vendor-completions

step "as it comes, it says what is missing and ends with 78, which is not tried again"
service=(setpriv --reuid passerelle --regid passerelle --clear-groups)
as_service() { in_root "${service[@]}" "$@"; }
# To be run beside this script: the job is the program itself, and takes its signals.
become_service() { exec chroot "$root" "${clean[@]}" "${service[@]}" "$@"; }
status=0
as_service passerelle --config /etc/passerelle/passerelle.toml serve >"$again/said" 2>&1 || status=$?
[ "$status" = 78 ] || { cat "$again/said" >&2; fail "without a configuration serve ends with $status"; }
grep --quiet 'RestartPreventExitStatus=.*78' "$root/usr/lib/systemd/system/passerelle.service" || fail "systemd would try again"

step "configured with the sockets that docs/en/portal.md and mail.md name, check finds no fault before the first start"
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
glpi=$(port) lmtp=$(port) http=$(port)
cat >"$root/etc/passerelle/passerelle.toml" <<TOML
[glpi]
url = "http://127.0.0.1:$glpi/"
login = "passerelle"
[mappings]
dir = "/etc/passerelle/mappings"
[lmtp]
listen = ["127.0.0.1:$lmtp", "unix:/run/passerelle/lmtp.sock"]
[http]
listen = "127.0.0.1:$http"
identity_listen = "unix:/run/passerelle/identity.sock"
[screen]
recipients = ["assistance1d@ac-dijon.fr"]
domains = ["ac-dijon.fr"]
TOML
echo passerelle >"$root/etc/passerelle/secrets/glpi"
chroot "$root" chown root:passerelle /etc/passerelle/secrets/glpi
chmod 640 "$root/etc/passerelle/secrets/glpi"
cp "$root/etc/passerelle/passerelle.toml" "$again/operator.toml"
become_service passerelle sandbox --listen "127.0.0.1:$glpi" >"$again/sandbox" 2>&1 &
sandbox=$!
for _ in $(seq 100); do
  if { : <>"/dev/tcp/127.0.0.1/$glpi"; } 2>/dev/null; then break; fi
  sleep 0.1
done
configured=(env PASSERELLE_GLPI__PASSWORD_FILE=/etc/passerelle/secrets/glpi passerelle --config /etc/passerelle/passerelle.toml)
is_sound() { # $1: when
  as_service "${configured[@]}" check >"$again/said" 2>&1 || { cat "$again/said" "$again/sandbox" >&2; fail "$1 check fails"; }
}
is_sound "before the first start"

step "it serves as its account"
become_service "${configured[@]}" serve >"$again/serve" 2>&1 &
serving=$!
healthy=
for _ in $(seq 100); do
  if as_service passerelle --config /etc/passerelle/passerelle.toml healthcheck 2>/dev/null; then healthy=1; break; fi
  sleep 0.2
done
[ -S "$root/run/passerelle/identity.sock" ] || fail "it does not listen for the proxy: $(cat "$again/serve")"
kill -TERM "$serving"
wait "$serving" || fail "serve does not end well: $(cat "$again/serve")"
[ -n "$healthy" ] || fail "not healthy: $(cat "$again/serve" "$again/sandbox")"
grep --quiet 'Passerelle starts.*configuration=/etc/passerelle/passerelle.toml' "$again/serve" || fail "the start is not in the log: $(cat "$again/serve")"

step "check finds no fault after a stop, nor after a boot"
# What systemd does to the folder of sockets at each.
grep --quiet '^RuntimeDirectoryPreserve=yes$' "$root/usr/lib/systemd/system/passerelle.service" || rm -r "$root/run/passerelle"
is_sound "after a stop"
rm -r "$root/run/passerelle"
in_root systemd-tmpfiles --create passerelle.conf
is_sound "after a boot"
kill -TERM "$sandbox"
wait "$sandbox" || true

step "upgrade: the operator's configuration stays, unchanged defaults are replaced, the service restarts"
: >"$root/tmp/active"
forget
install_package "$new" --force-confdef --force-confold >"$again/said" 2>&1 || { cat "$again/said" >&2; fail "the upgrade failed"; }
cmp "$again/operator.toml" "$root/etc/passerelle/passerelle.toml" || fail "the upgrade changed the operator's configuration"
[ -e "$root/etc/passerelle/passerelle.toml.dpkg-dist" ] || fail "the new passerelle.toml is not beside the operator's"
! grep --quiet 'défauts d’avant' "$root/etc/passerelle/mappings/lsu.toml" || fail "a mapping that nobody changed was not replaced"
asked 'restart passerelle.service' || fail "the upgrade does not restart the service: $(cat "$root/tmp/systemctl")"
! asked '\bstop passerelle.service' || fail "the upgrade stops the service before the new program is there"
in_root grep --quiet passerelle /etc/passerelle/secrets/glpi || fail "the secret is lost"

step "upgrade, asked for the maintainer's version"
install_package "$again/999.0-1.deb" --force-confnew >/dev/null 2>&1 || fail "the second upgrade failed"
grep --quiet 'défauts d’après' "$root/etc/passerelle/passerelle.toml" || fail "the maintainer's passerelle.toml is not there"
[ -e "$root/etc/passerelle/passerelle.toml.dpkg-old" ] || fail "the operator's passerelle.toml is lost"
rm -f "$root/tmp/active"
forget
install_package "$again/999.0-1.deb" --force-confnew >/dev/null 2>&1
! asked 'restart' || fail "an upgrade starts a service that was stopped"

step "removal stops the service and keeps the configuration"
forget
in_root dpkg --remove passerelle >/dev/null 2>&1 || fail "the removal failed"
asked 'stop passerelle.service' || fail "the removal does not stop the service: $(cat "$root/tmp/systemctl")"
[ -e "$root/etc/passerelle/passerelle.toml" ] && [ -e "$root/etc/passerelle/secrets/glpi" ] || fail "the removal took the configuration"
[ ! -e "$root/usr/bin/passerelle" ] || fail "the program is still there"

step "purge leaves nothing"
in_root dpkg --purge passerelle >/dev/null 2>&1 || fail "the purge failed"
left=$(diff <(echo "$before") <(snapshot) | grep -vE ' (etc/(passwd|group|shadow|gshadow)-?|etc|run|var/lib/systemd) ' | grep '^[<>]' || true)
[ -z "$left" ] || fail "after the purge there is: $left"
[ "$accounts_before" = "$(cat "$root/etc/passwd" "$root/etc/group")" ] || fail "the account is still there"

step "installed again after a removal, and purged at once"
install_package "$new" >/dev/null 2>&1 || fail "the new installation failed"
in_root dpkg --purge passerelle >/dev/null 2>&1 || fail "purging what is installed failed"

step "setup replaces the configuration that nobody changed, and the service reads what it wrote"
install_package "$new" >/dev/null 2>&1 || fail "the new installation failed"
"$here/root/usr/bin/passerelle" sandbox --listen "127.0.0.1:$glpi" >"$again/sandbox" 2>&1 &
sandbox=$!
in_root env GLPI_ADMIN_LOGIN=glpi GLPI_ADMIN_PASSWORD=glpi passerelle setup --apply --url "http://127.0.0.1:$glpi/" \
  --domain ac-dijon.fr --recipient assistance1d@ac-dijon.fr --academy "Académie d’exemple" --lmtp "127.0.0.1:$lmtp" \
  --account passerelle.paquet --profile "Passerelle (paquet)" >"$again/said" 2>&1 \
  || { cat "$again/said" "$again/sandbox" >&2; fail "setup fails"; }
[ "$(in_root stat --format '%a %U:%G' /etc/passerelle/secrets/glpi-token)" = '640 root:passerelle' ] || fail "the token's file is not as it must be"
as_service passerelle --config /etc/passerelle/passerelle.toml check >"$again/said" 2>&1 || { cat "$again/said" >&2; fail "after setup check fails"; }
kill -TERM "$sandbox"
wait "$sandbox" || true
in_root dpkg --purge passerelle >/dev/null 2>&1 || fail "purging what is installed failed"

# The block of a page that begins so, without prompts.
block() { # $1: page, $2: how it begins
  local printed
  printed=$(awk -v begins="$2" '/^```/ { if (index(block, begins) == 1) { printf "%s", block; exit } inside = !inside; block = ""; next }
    inside { sub(/^[$#] /, ""); block = block $0 "\n" }' "$1")
  [ -n "$printed" ] || fail "$1 has no block that begins with «$2»"
  echo "$printed"
}
# Who runs what follows is root already.
as_root='sudo() { "$@"; }'
installs=(docs/en/install.md docs/fr/installation.md)

step "the package is installed as docs/en/quickstart.md and its French twin print it"
cp "$new" "$root/root/"
for page in docs/en/quickstart.md docs/fr/demarrage.md; do
  printed=$(block "$page" 'sudo apt install ')
  in_root env HOME=/root bash -euc "$as_root; cd; $printed" </dev/null >"$again/said" 2>&1 || { cat "$again/said" >&2; fail "the command of $page fails"; }
  in_root passerelle --version >/dev/null || fail "the command of $page installs no program"
  in_root dpkg --purge passerelle >/dev/null 2>&1 || fail "purging what is installed failed"
done

step "the commands of docs/en/install.md and its French twin, as printed: only the token and what the editor would write are the test's"
mkdir -p "$root/root/target/package"
cp "$new" "$root/root/target/package/"
cp "$again/operator.toml" "$root/tmp/operator.toml"
sed -i 's/^login = .*//' "$root/tmp/operator.toml"
cat >"$root/usr/local/bin/editor" <<'EDITOR'
#!/bin/sh
case $1 in
*/passerelle.toml) cat /tmp/operator.toml >"$1" ;;
*/environment) sed -i 's/^#\(PASSERELLE_GLPI__USER_TOKEN_FILE\)/\1/' "$1" ;;
*) exit 1 ;;
esac
EDITOR
chmod 755 "$root/usr/local/bin/editor"
# The sandbox stands outside: its account is not there before the package is.
"$here/root/usr/bin/passerelle" sandbox --listen "127.0.0.1:$glpi" >"$again/sandbox" 2>&1 &
sandbox=$!
# The stand-in's service account.
token=passerelleTOKEN0123456789abcdefghijklmnop
for page in "${installs[@]}"; do
  forget
  printed=$(block "$page" 'apt install ')
  in_root env HOME=/root bash -euc "cd; ${printed/…/$token}" </dev/null >"$again/said" 2>&1 || { cat "$again/said" "$again/sandbox" >&2; fail "the commands of $page fail"; }
  asked 'enable --now passerelle' || fail "the commands of $page do not start it: $(cat "$again/said")"
  [ "$(in_root stat --format '%a %U:%G' /etc/passerelle/secrets/glpi-token)" = '640 root:passerelle' ] || fail "the token's file is not as it must be"
  in_root dpkg --purge passerelle >/dev/null 2>&1 || fail "purging what is installed failed"
done
kill -TERM "$sandbox"
wait "$sandbox" || true

step "from sources, as docs/en/install.md and its French twin print it: all below /usr/local, and the configuration that is there stays"
# Laid below folders instead of the system, around the package's program: make build, which makes another, runs with
# `release` only.
from_sources() { # $1: page
  local printed
  printed=$(block "$1" 'make build')
  printed=${printed//\/tmp\//$again/tmp/}
  if [ "$around" != release ]; then printed=${printed/make build/:}; fi
  MAKEFLAGS="--silent --no-print-directory -- PROGRAM=$here/root/usr/bin/passerelle" DESTDIR="$again/local" \
    bash -euc "$as_root; $printed" >"$again/said" 2>&1 || { cat "$again/said" >&2; fail "the commands of $1 fail"; }
}
install_local() { make --no-print-directory --silent install PROGRAM="$here/root/usr/bin/passerelle" DESTDIR="$again/local"; }
for page in "${installs[@]}"; do
  rm -rf "$again/tmp" "$again/local"
  from_sources "$page"
  diff <(cd "$here/root" && find . -type f ! -name changelog.Debian.gz | LC_ALL=C sort) \
    <(cd "$again/tmp/passerelle" && find . -type f | LC_ALL=C sort) || fail "what $page lays in a folder is not the package's"
done
unlike() { # $1: a folder below /usr, $2: what of it the package alone has, or calls otherwise
  diff <(cd "$here/root/usr/$1" && find . -type f | sed "$2" | LC_ALL=C sort) \
    <(cd "$again/local/usr/local/$1" && find . -type f | LC_ALL=C sort)
}
for folder in bin lib share; do
  unlike "$folder" '/changelog.Debian.gz$/d; s|/vendor-completions/_|/site-functions/_|' || fail "/usr/local/$folder is not as the package's"
done
[ "$(ls "$again/local/usr")" = local ] || fail "make install writes beside /usr/local: $(ls "$again/local/usr")"
[ "$("$again/local/usr/local/bin/passerelle" --version)" = "$version" ] || fail "the program below /usr/local is another one"
grep --quiet '^ExecStart=/usr/local/bin/passerelle ' "$again/local/usr/local/lib/systemd/system/passerelle.service" \
  || fail "the unit does not start the program below /usr/local"
completions_of "$again/local/usr/local" site-functions
for file in passerelle.toml environment mappings/lsu.toml; do
  cmp "$here/root/etc/passerelle/$file" "$again/local/etc/passerelle/$file" || fail "$file is not the package's"
  echo '# ours' >>"$again/local/etc/passerelle/$file"
done
echo '# of an earlier version' >>"$again/local/etc/passerelle/default.toml"
install_local
for file in passerelle.toml environment mappings/lsu.toml; do
  grep --quiet '^# ours$' "$again/local/etc/passerelle/$file" || fail "make install changed $file, which was there"
done
cmp config/default.toml "$again/local/etc/passerelle/default.toml" || fail "make install left default.toml as it was"

echo "package: $steps passed, 0 failed"

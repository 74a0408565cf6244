#!/usr/bin/env bash
# Makes the picture of the README: the portal of the demonstration, as a browser shows it.
# packaging/picture.sh PROGRAM PICTURE
set -euo pipefail
program=$1 picture=$2
scratch=$(mktemp --directory)
"$program" demo --listen 127.0.0.1:8500 >"$scratch/said" 2>&1 &
demo=$!
clean_up() {
  kill "$demo" 2>/dev/null || true
  wait "$demo" 2>/dev/null || true
  rm -rf "$scratch"
}
trap clean_up EXIT
for _ in $(seq 300); do
  if grep --quiet -e 'inattendu' -e 'unexpected' "$scratch/said"; then break; fi
  kill -0 "$demo" 2>/dev/null || { cat "$scratch/said" >&2; exit 1; }
  sleep 0.2
done
mkdir -p "$(dirname "$picture")"
HOME=$scratch chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --no-proxy-server --lang=fr \
  --user-data-dir="$scratch/profile" --window-size=1000,1040 --screenshot="$scratch/picture.png" \
  http://127.0.0.1:8500/portail 2>/dev/null
cp "$scratch/picture.png" "$picture"

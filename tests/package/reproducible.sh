#!/usr/bin/env bash
# Builds the committed sources twice, in two folders with cold caches, and compares the programs: they must be one.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
for copy in one the-other; do
  git clone --quiet --no-hardlinks . "$folder/$copy"
  make --no-print-directory --directory "$folder/$copy" program
done
sha256sum "$folder"/*/target/release/passerelle
cmp "$folder"/{one,the-other}/target/release/passerelle
echo "two builds, one program"

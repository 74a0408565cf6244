#!/usr/bin/env bash
# Builds the committed sources twice, in two folders with cold caches, and compares the packages: they must be one.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
# What packs is no part of a package, and compiled once.
packaging/tools.sh cargo-deb cargo-cyclonedx
for copy in one the-other; do
  git clone --quiet --no-hardlinks . "$folder/$copy"
  mkdir "$folder/$copy/target"
  ln -s "$PWD/target/tools" "$folder/$copy/target/tools"
  make --no-print-directory --directory "$folder/$copy" package
done
sha256sum "$folder"/*/target/package/*.deb
cmp "$folder"/{one,the-other}/target/package/*.deb
echo "two builds, one package"

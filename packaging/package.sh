#!/usr/bin/env bash
# Makes the Debian package of a tree that `make install DESTDIR=target/package/root PREFIX=/usr` has laid, and the list of
# what the program is made of (CycloneDX) beside it: packaging/package.sh [--fast]
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(packaging/version.sh)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git show --no-patch --format=%ct HEAD 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
PATH="$PWD/target/tools/bin:$PATH"
out=target/package
changelog=$out/root/usr/share/doc/passerelle/changelog.Debian.gz
{
  echo "passerelle ($version) stable; urgency=medium"
  echo
  echo "  * CHANGELOG.md.gz says what changed."
  echo
  echo " -- Passerelle <passerelle@example.org>  $(LC_ALL=C date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")"
} | gzip --no-name -9 >"$changelog"

rm -f "$out"/*.deb "$out"/*.json
packaging/tools.sh cargo-deb
cargo deb --quiet --no-build --no-strip --locked --deb-version "$version" --output "$out" "$@"
if [ "${1:-}" != --fast ]; then
  packaging/tools.sh cargo-cyclonedx
  cargo cyclonedx --quiet --format json --target all --override-filename passerelle.cdx
  mv passerelle.cdx.json "$out/passerelle_$version.cdx.json"
fi
(cd "$out" && sha256sum -- *.deb *.json 2>/dev/null || true)

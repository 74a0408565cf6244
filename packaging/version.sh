#!/bin/sh
# The package's version, from Cargo.toml and git: 0.1.0-1 where the commit has the tag v0.1.0; before that tag
# 0.1.0~git20261128060500.e06274b-1, which it replaces; after it 0.1.0+git…, which replaces it. Without git, 0.1.0-1.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)
revision=
if commit=$(git rev-parse --short=7 HEAD 2>/dev/null); then
  when=$(TZ=UTC0 git show --no-patch --date=format-local:%Y%m%d%H%M%S --format=%cd HEAD)
  if ! git describe --exact-match --match "v$version" HEAD >/dev/null 2>&1; then
    sign='~'
    if git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null; then sign=+; fi
    revision="${sign}git$when.$commit"
  fi
fi
echo "$version$revision-1"

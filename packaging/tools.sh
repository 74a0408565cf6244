#!/usr/bin/env bash
# Installs what makes packages and audits dependencies, each in one version, into target/tools: cargo compiles them, once.
# packaging/tools.sh cargo-deb …
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A version=([cargo-deb]=3.8.0 [cargo-cyclonedx]=0.5.9 [cargo-deny]=0.20.2 [cargo-machete]=0.9.2)
# What none of them needs here.
declare -A features=([cargo-deb]='--no-default-features --features lzma')

for tool in "$@"; do
  wanted=${version[$tool]}
  if [ "$(cat "target/tools/$tool.version" 2>/dev/null)" = "$wanted" ] && [ -x "target/tools/bin/$tool" ]; then
    continue
  fi
  # Not optimised: each runs for seconds, and compiling it is most of what it costs.
  # shellcheck disable=SC2086
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR=target/tools/build \
    "${CARGO:-cargo}" install --quiet --locked --force --root target/tools --version "$wanted" ${features[$tool]:-} "$tool"
  echo "$wanted" >"target/tools/$tool.version"
  rm -rf target/tools/build
done

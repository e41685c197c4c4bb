#!/usr/bin/env bash
# Rewrites src/*/PublicAPI.Unshipped.txt from what the libraries expose. Run it after a deliberate change of the public API and read the diff:
# an unlisted public member is a build error, so nothing becomes public by accident.
set -euo pipefail
cd "$(dirname "$0")/.."
for project in src/LzuCore src/LzuCore.Gpu src/LzuCore.Vision; do
  list=$project/PublicAPI.Unshipped.txt
  echo '#nullable enable' >"$list"
  symbols=$(dotnet build "$project" -c Release --nologo -t:Rebuild -p:TreatWarningsAsErrors=false -p:RunAnalyzers=true 2>&1 |
    sed -nE "s/^.*warning RS0016: Symbol '(.*)' is not part of the declared public API.*$/\1/p" | LC_ALL=C sort -u)
  printf '%s\n' "$symbols" | sed '/^$/d' >>"$list"
  echo "$project: $(($(wc -l <"$list") - 1)) members"
done

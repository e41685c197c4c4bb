#!/usr/bin/env bash
# Packs what a bare Linux machine with a GPU needs to check and measure this checkout, without .NET and without a network: the GPU tests and lzu as
# self-contained programs, the kernels' PTX, the native sources, the conformance suites, check.sh and compare.py. Writes dist/gpu.tar.gz and says how large it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
dist=$PWD/dist
limit=60000000
rm -rf "$dist/gpu" && mkdir -p "$dist/gpu/app"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# Both programs share one folder and with it one copy of the runtime.
for project in tests/LzuCore.Gpu.Tests src/LzuCore.Cli; do
  dotnet publish "$project" -c Release -r linux-x64 --self-contained -p:SatelliteResourceLanguages=en -p:DebugType=none -v q -o "$dist/gpu/app"
done
# Diagnostics that a check does not need.
rm -f "$dist/gpu/app"/{libmscordaccore.so,libmscordbi.so,libcoreclrtraceptprovider.so,createdump} "$dist/gpu/app"/*.xml "$dist/gpu/app"/*.pdb
mkdir -p "$dist/gpu/conformance"
cp tests/conformance/*.npz "$dist/gpu/conformance/"
cp -r native CMakeLists.txt "$dist/gpu/"
rm -rf "$dist/gpu/native/build"
cp tools/gpu/check.sh tools/gpu/compare.py "$dist/gpu/"
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
# Until lzu has the command: an unknown one prints the general help and succeeds.
if [[ $("$dist/gpu/app/lzu" gpu ptx --help 2>/dev/null) == *--out* ]]; then
  "$dist/gpu/app/lzu" gpu ptx --out "$dist/gpu/ptx" || { echo "pack: 'lzu gpu ptx --out DIR' failed, so there is no PTX to pack" >&2; exit 1; }
  ls "$dist/gpu/ptx"/*.ptx >/dev/null 2>&1 || { echo "pack: 'lzu gpu ptx --out DIR' wrote no .ptx file" >&2; exit 1; }
else
  echo "pack: lzu has no 'gpu ptx' yet, so the tarball holds no PTX" >&2
fi
git rev-parse HEAD >"$dist/gpu/commit"
tar czf "$dist/gpu.tar.gz" -C "$dist" gpu
size=$(stat -c %s "$dist/gpu.tar.gz")
echo "dist/gpu.tar.gz: $((size / 1000000)) MB of commit $(cut -c1-10 "$dist/gpu/commit")"
if [ "$size" -gt "$limit" ]; then
  echo "that is more than $((limit / 1000000)) MB; leave something out" >&2
  exit 1
fi

#!/usr/bin/env bash
# Runs on the GPU machine, in the unpacked folder: every part, or those named (tests conformance native bench). Each part writes results/<part>.log; the
# last lines are one table. A part that cannot run here (no GPU, no nvcc, no cmake) says so and counts as skipped; a failed one makes the exit code 1.
set -uo pipefail
cd "$(dirname "$0")"
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
results=$PWD/results
mkdir -p "$results"
device=ilgpu
if app/lzu conformance conformance --op grid_sample --device cuda --quiet >/dev/null 2>&1; then device=cuda; fi
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(tests conformance native bench)
table=()
failed=0

# name, then the command; 77 means that it cannot run here.
part() {
  local name=$1 started=$SECONDS code
  shift
  "$@" >"$results/$name.log" 2>&1
  code=$?
  local outcome=passed
  if [ $code -eq 77 ]; then outcome="skipped: $(tail -n 1 "$results/$name.log")"; elif [ $code -ne 0 ]; then outcome="FAILED ($code), see results/$name.log" failed=1; fi
  table+=("$(printf '%-12s %4d s  %s' "$name" $((SECONDS - started)) "$outcome")")
}

tests() { app/LzuCore.Gpu.Tests --results-directory "$results"; }

conformance() { app/lzu conformance conformance --device "$device"; }

native() {
  command -v cmake >/dev/null || { echo "there is no cmake"; return 77; }
  cmake -S . -B "$results/native" -DCMAKE_BUILD_TYPE=Release && cmake --build "$results/native" -j && ctest --test-dir "$results/native" --output-on-failure
}

bench() {
  [ "$device" = cuda ] || { echo "there is no CUDA device"; return 77; }
  app/lzu bench warp --device cuda --json >"$results/bench-warp.json"
}

for name in "${parts[@]}"; do
  case $name in
    tests | conformance | native | bench) part "$name" "$name" ;;
    *) echo "there is no part '$name'; choose of: tests conformance native bench" >&2; exit 2 ;;
  esac
done
echo "commit $(cut -c1-10 commit), device $device"
printf '%s\n' "${table[@]}"
exit $failed

#!/usr/bin/env bash
# Measures what is deployed: bytes of the native lzu and of its libraries, a cold start to the first detection, memory at most. Publishes lzu for the JIT and ahead of time, for x86-64-v3
# and, where the processor has AVX-512, v4, each for inference only, as it is by default, and whole, into a temporary folder; the checkout is not touched. Writes one JSON file, its argument, and prints it. Talks on stderr.
# Targets: executable and SkiaSharp 20 MB or less; cold start 0.7 s and one inference or less; 600 MiB or less.
# Everything runs on one thread; on a shared machine name a quiet core: taskset -c 1 tools/deployment/measure.sh out.json
set -euo pipefail
fail() { echo "measure: $1" >&2; exit 1; }
say() { echo "measure: $1" >&2; }
[ $# -eq 1 ] && [[ $1 != -* ]] || fail "name the JSON file to write: measure.sh OUT.json"
out=$(realpath -m "$1")
[ -d "$(dirname "$out")" ] || fail "there is no folder $(dirname "$out")"
[ "$(uname -sm)" = "Linux x86_64" ] || fail "measures on Linux and x86-64 only, and this is $(uname -sm)"
for tool in dotnet objcopy awk sort; do command -v $tool >/dev/null || fail "needs $tool, which is not in PATH"; done
command -v clang >/dev/null || command -v gcc >/dev/null || fail "needs clang or gcc to link the native program; none is in PATH"
cd "$(dirname "$0")/../.."
runs=7
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export LC_ALL=C

levels=(v3)
grep -qw avx512f /proc/cpuinfo && grep -qw avx512vl /proc/cpuinfo && levels+=(v4)

# publish NAME PROPERTY...: into $work/NAME. Builds anew: what a checkout holds already was made with other switches.
publish() {
  local name=$1
  shift
  say "publishes $name"
  dotnet publish src/LzuCore.Cli -c Release --artifacts-path "$work/build" -o "$work/$name" "$@" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; fail "dotnet publish of $name failed; its last lines are above"; }
}
publish jit
natives=()
for level in "${levels[@]}"; do
  natives+=("$level" "$level-whole")
  publish "$level" -p:PublishAot=true -p:IlcInstructionSet=x86-64-"$level"
  publish "$level-whole" -p:PublishAot=true -p:IlcInstructionSet=x86-64-"$level" -p:InferenceOnly=false
done

# lzu NAME ARGUMENT...: the program that was published as NAME.
command_of() { if [ "$1" = jit ]; then command=(dotnet "$work/jit/lzu.dll"); else command=("$work/$1/lzu"); fi; }
lzu() {
  command_of "$1"
  shift
  "${command[@]}" "$@" --threads 1 --device cpu --quiet >"$work/said" 2>&1 || { cat "$work/said" >&2; fail "'lzu $*' failed"; }
}

say "makes pictures and weights"
lzu v3-whole scenes --count 2 --size 600x960 --format coco --out "$work/scenes"
annotations=$(find "$work/scenes" -name '*.json' | sort | head -n 1)
picture=$(find "$work/scenes" \( -name '*.png' -o -name '*.jpg' \) | sort | head -n 1)
[ -n "$annotations" ] && [ -n "$picture" ] || fail "'lzu scenes' wrote no annotations or no picture"
cat >"$work/train.json" <<END
{
  "task": "detection",
  "folder": "trained",
  "model": { "weights": "random:1" },
  "data": { "annotations": "$annotations", "images": "$(dirname "$picture")" },
  "zoom": { "scale": 0.25 },
  "optimizer": { "learning_rate": 1e-9 },
  "training": { "steps": 1, "batch": 1 }
}
END
lzu v3-whole train --config "$work/train.json"
weights=$work/trained/last.safetensors
[ -f "$weights" ] || fail "'lzu train' wrote no last.safetensors"
cat "$weights" >/dev/null # into the page cache

median() { sort -n | awk '{ v[NR] = $1 } END { printf "%.3f", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# turn NAME: a line of wall and CPU seconds of a process that detects in one picture, and of the CPU milliseconds that an inference takes once everything is warm.
TIMEFORMAT='%R %U %S'
turn() {
  { time lzu "$1" detect "$picture" --weights "$weights" --size 300x480; } 2>"$work/time"
  lzu "$1" bench model retinanet --size 300x480 --json
  echo "$(tail -n 1 "$work/time") $(grep -m 1 '"cpu_ms"' "$work/said" | tr -dc '0-9.')" | awk '{ print $1, $2 + $3, $4 }'
}
of() { cut -d ' ' -f "$2" "$work/turns.$1" | median; }

# peak NAME ARGUMENT...: KiB that a process held at most, as the system counts them (VmHWM).
peak() {
  command_of "$1"
  shift
  "${command[@]}" "$@" --threads 1 --device cpu --quiet >"$work/said" 2>&1 &
  local process=$! most=0 now
  while now=$(awk '/^VmHWM/ { print $2 }' /proc/$process/status 2>/dev/null) && [ -n "$now" ]; do
    most=$now
    sleep 0.02
  done
  wait $process || { cat "$work/said" >&2; fail "'lzu $*' failed"; }
  echo "$most"
}

bytes() { stat -c %s "$1"; }

# In turn: what else a machine does then falls on all of them. The first start of each brings its program into the page cache.
for name in jit "${natives[@]}"; do lzu "$name" detect "$picture" --weights "$weights" --size 300x480; done
for ((run = 1; run <= runs; run++)); do
  say "cold starts and inferences, turn $run of $runs"
  for name in jit "${natives[@]}"; do turn "$name" >>"$work/turns.$name"; done
done

{
  echo '{'
  echo '  "schema": "lzu.deployment/1",'
  echo "  \"commit\": \"$(git rev-parse HEAD 2>/dev/null || echo unknown)\","
  echo "  \"processor\": \"$(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)\","
  echo '  "targets": { "executable_and_skia_bytes": 20000000, "start_seconds_beside_one_inference": 0.7, "peak_mib": 600 },'
  echo '  "programs": ['
  separator=''
  for name in jit "${natives[@]}"; do
    say "$name: memory"
    detect=$(peak "$name" detect "$picture" --weights "$weights" --size 600x960 --out "$work/found")
    bench=$(peak "$name" bench model retinanet --size 600x960)
    printf '%s    {\n      "name": "%s",\n' "$separator" "$name"
    separator=$',\n'
    if [ "$name" != jit ]; then
      executable=$(bytes "$work/$name/lzu")
      skia=$(bytes "$work/$name/libSkiaSharp.so")
      printf '      "executable_bytes": %s,\n      "libraries_bytes": {' "$executable"
      comma=''
      for library in "$work/$name"/*.so; do
        printf '%s "%s": %s' "$comma" "$(basename "$library")" "$(bytes "$library")"
        comma=','
      done
      printf ' },\n      "executable_and_skia_bytes": %s,\n' $((executable + skia))
    fi
    awk -v wall="$(of "$name" 1)" -v cpu="$(of "$name" 2)" -v ms="$(of "$name" 3)" -v detect="$detect" -v bench="$bench" 'BEGIN {
      printf "      \"start_wall_seconds\": %.3f,\n      \"start_cpu_seconds\": %.3f,\n      \"inference_cpu_seconds\": %.3f,\n      \"start_cpu_seconds_beside_one_inference\": %.3f,\n", wall, cpu, ms / 1000, cpu - ms / 1000
      printf "      \"peak_mib_detect_600x960\": %.1f,\n      \"peak_mib_bench_600x960\": %.1f\n    }", detect / 1024, bench / 1024 }'
  done
  printf '\n  ]\n}\n'
} >"$work/result"
cp "$work/result" "$out"
cat "$out"

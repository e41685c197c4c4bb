#!/usr/bin/env bash
# Runs on the GPU machine, in the unpacked folder: every part, or those named:
#   tests        app/LzuCore.Gpu.Tests
#   conformance  the given suites, on cuda where it works, else on ILGPU's simulator
#   native       builds native/ and runs its tests
#   ptx          assembles ptx/*.ptx for sm_80 and sm_90: registers and spills a kernel, results/ptx.tsv
#   sanitizer    compute-sanitizer over the native tests, and over the GPU tests
#   bench        lzu bench on cuda, and the native kernels where they were built: results/bench-*.json
#   pytorch      compare.py, results/pytorch.json
# Each part writes results/<part>.log; the last lines are one table, and results/check.json holds the same. The whole takes LZU_CHECK_SECONDS at most (default
# 540): every part gets its share of what is left, and what did not fit says so. A part that cannot run here (no GPU, no nvcc, no cmake, no PyTorch) says why and counts as
# skipped; a failed one makes the exit code 1.
set -uo pipefail
cd "$(dirname "$0")"
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
results=$PWD/results
mkdir -p "$results"
all=(tests conformance native ptx sanitizer bench pytorch)
# Shares of the time.
declare -A share=([tests]=5 [conformance]=4 [native]=2 [ptx]=2 [sanitizer]=3 [bench]=3 [pytorch]=4)

# The first of some programs that is there.
find_program() {
  local candidate
  for candidate in "$@"; do
    if command -v "$candidate" 2>/dev/null; then return 0; fi
  done
  return 1
}

# 77: cannot run here; the last line of the log is the reason.
cannot() { echo "$1"; exit 77; }

run_tests() {
  app/LzuCore.Gpu.Tests --results-directory "$results"
}

run_conformance() {
  app/lzu conformance conformance --device "$LZU_CHECK_DEVICE"
}

run_native() {
  command -v cmake >/dev/null || cannot "there is no cmake"
  [ -x /usr/local/cuda/bin/nvcc ] && PATH=$PATH:/usr/local/cuda/bin
  cmake -S . -B "$results/native" -DCMAKE_BUILD_TYPE=Release && cmake --build "$results/native" -j && ctest --test-dir "$results/native" -V || return 1
  # The kernels count as checked only where they ran.
  "$results/native/lzu_native_tests" | grep -q 'CUDA kernels: compared' || echo "note: host loops only; no CUDA kernel was built or none ran"
}

# One kernel: architecture, file. Its line of the table, or ptxas' words.
assemble() {
  local arch=$1 file=$2 out
  out=$results/ptxas.$(basename "$file")
  if ! "$ptxas" -arch="sm_$arch" -v "$file" -o /dev/null >"$out" 2>&1; then
    echo "sm_$arch: $file does not assemble:"
    cat "$out"
    return 1
  fi
  awk -v arch="sm_$arch" -v file="$(basename "$file")" '
    /Compiling entry function/ { split($0, q, "\047"); kernel = q[2] }
    /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
    /Used [0-9]+ registers/ {
      shared = 0
      for (i = 1; i <= NF; i++) {
        if ($i == "Used") registers = $(i + 1)
        if ($(i) ~ /^smem/) shared = $(i - 2)
      }
      printf "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\n", arch, file, kernel, registers, stack, stores, loads, shared
    }' "$out" >"$out.tsv"
}
export -f assemble

run_ptx() {
  local arch failed=0
  ls ptx/*.ptx >/dev/null 2>&1 || cannot "the tarball has no PTX"
  ptxas=$(find_program ptxas /usr/local/cuda/bin/ptxas "${CUDA_HOME:-/nowhere}/bin/ptxas" "$(python3 -c 'import os, triton; print(os.path.dirname(triton.__file__))' 2>/dev/null)/backends/nvidia/bin/ptxas") || cannot "there is no ptxas"
  "$ptxas" --version | tail -n 1
  printf 'arch\tfile\tkernel\tregisters\tstack\tspill_stores\tspill_loads\tshared\n' >"$results/ptx.tsv"
  # Hundreds of kernels, a fraction of a second each: on all cores.
  export ptxas results
  for arch in 80 90; do
    printf '%s\n' ptx/*.sm_"$arch".ptx | xargs -P "$(nproc)" -I FILE bash -c 'assemble "$@"' assemble "$arch" FILE || failed=1
  done
  cat "$results"/ptxas.*.tsv >>"$results/ptx.tsv"
  rm -f "$results"/ptxas.*
  echo "the kernels with spills or the most registers (all: results/ptx.tsv):"
  { head -n 1 "$results/ptx.tsv"; tail -n +2 "$results/ptx.tsv" | sort -t "$(printf '\t')" -k6,6nr -k4,4nr | head -n 20; } | column -t -s "$(printf '\t')" 2>/dev/null || cat "$results/ptx.tsv"
  awk -F '\t' 'NR > 1 { n++; if ($6 + $7 > 0) s++ } END { printf "%d kernels assembled, %d with spills\n", n, s }' "$results/ptx.tsv"
  return $failed
}

run_sanitizer() {
  local sanitizer tool failed=0 ran=0 code
  sanitizer=$(find_program compute-sanitizer /usr/local/cuda/bin/compute-sanitizer /usr/local/cuda/compute-sanitizer/compute-sanitizer "${CUDA_HOME:-/nowhere}/bin/compute-sanitizer") || cannot "there is no compute-sanitizer"
  [ -x "$results/native/lzu_native_tests" ] || (run_native) >"$results/native-for-sanitizer.log" 2>&1
  if [ -x "$results/native/lzu_native_tests" ] && "$results/native/lzu_native_tests" | grep -q 'CUDA kernels: compared'; then
    for tool in memcheck racecheck synccheck initcheck; do
      ran=1
      echo "== $tool: native tests"
      "$sanitizer" --tool "$tool" --error-exitcode 99 "$results/native/lzu_native_tests" || failed=1
    done
  else
    echo "the native tests have no CUDA kernels here"
  fi
  # Exit code 8 of the tests: nothing matched. 5: all skipped.
  if [ "$LZU_CHECK_DEVICE" = cuda ]; then
    echo "== memcheck: GPU tests"
    "$sanitizer" --tool memcheck --error-exitcode 99 --target-processes all app/LzuCore.Gpu.Tests --filter TestCategory=Gpu --results-directory "$results/sanitizer"
    code=$?
    case $code in
      0) ran=1 ;;
      8) echo "there is no test of the category Gpu" ;;
      *) ran=1 failed=1 ;;
    esac
  fi
  [ $ran -eq 1 ] || cannot "nothing here runs on a CUDA device"
  return $failed
}

run_bench() {
  [ "$LZU_CHECK_DEVICE" = cuda ] || cannot "there is no CUDA device"
  local failed=0 size batch
  one() {
    local name=$1
    shift
    echo "== bench $*"
    if app/lzu bench "$@" --device cuda --json >"$results/bench-$name.part"; then
      mv "$results/bench-$name.part" "$results/bench-$name.json"
    else
      rm -f "$results/bench-$name.part"
      failed=1
    fi
  }
  one warp warp
  for size in 600x960 1200x1920; do
    for batch in 1 8; do one "retinanet-$size-$batch" model retinanet --size "$size" --batch "$batch"; done
  done
  one retinanet-fixed model retinanet --size 600x960 --warp fixed
  one retinanet-adaptive model retinanet --size 600x960 --warp adaptive
  for precision in tf32 bfloat16; do
    for batch in 1 8; do one "retinanet-600x960-$batch-$precision" model retinanet --size 600x960 --batch "$batch" --precision "$precision"; done
  done
  for batch in 1 8; do one "train-$batch" train retinanet --size 600x960 --batch "$batch"; done
  one gemm gemm
  one conv conv
  # Hand-written CUDA beside the managed kernels, where the part `native` has built it.
  if [ -x "$results/native/lzu_native_bench" ]; then
    echo "== native bench"
    "$results/native/lzu_native_bench" >"$results/bench-native.json" || failed=1
  else
    echo "no native bench: the part native has not built CUDA kernels"
  fi
  return $failed
}

run_pytorch() {
  local python
  for python in python3 python; do
    "$python" -c 'import torch' 2>/dev/null || continue
    # Some seconds to finish the measurement that is under way, compile included.
    "$python" compare.py --seconds $((LZU_PART_SECONDS > 60 ? LZU_PART_SECONDS - 40 : LZU_PART_SECONDS / 2)) --out "$results/pytorch.json"
    return
  done
  cannot "there is no Python with PyTorch"
}

if [ "${1:-}" = --inside ]; then
  "run_$2"
  exit
fi

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=("${all[@]}")
for name in "${parts[@]}"; do
  [ -n "${share[$name]:-}" ] || { echo "there is no part '$name'; choose of: ${all[*]}" >&2; exit 2; }
done

budget=${LZU_CHECK_SECONDS:-540}
started=$SECONDS
LZU_CHECK_DEVICE=ilgpu
if timeout 60 app/lzu conformance conformance --op grid_sample --device cuda --quiet >/dev/null 2>&1; then LZU_CHECK_DEVICE=cuda; fi
# Without a GPU these only say so; the simulation of one needs their time.
[ "$LZU_CHECK_DEVICE" = cuda ] || share[sanitizer]=1 share[bench]=1 share[pytorch]=1
export LZU_CHECK_DEVICE LZU_PART_SECONDS

quoted() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g')"; }
gpu_field() { nvidia-smi --query-gpu="$1" --format=csv,noheader 2>/dev/null | head -n 1; }
machine=$(uname -srm)
cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
gpu=$(gpu_field name)
driver=$(gpu_field driver_version)
gpu_memory=$(gpu_field memory.total)
nvcc=$(find_program nvcc /usr/local/cuda/bin/nvcc)
nvcc=$([ -n "$nvcc" ] && "$nvcc" --version 2>/dev/null | sed -n 's/.*release \([^,]*\).*/\1/p')
commit=$(cat commit 2>/dev/null)
date=$(date -u +%Y-%m-%dT%H:%M:%SZ)
table=()
json=()
failed=0

write_json() {
  {
    printf '{\n "schema": "lzu.check/1",\n "date": %s,\n "commit": %s,\n "device": %s,\n' "$(quoted "$date")" "$(quoted "$commit")" "$(quoted "$LZU_CHECK_DEVICE")"
    printf ' "machine": %s,\n "cpu": %s,\n "cores": %s,\n' "$(quoted "$machine")" "$(quoted "$cpu")" "$(nproc)"
    printf ' "gpu": %s,\n "gpu_memory": %s,\n "driver": %s,\n "nvcc": %s,\n' "$(quoted "$gpu")" "$(quoted "$gpu_memory")" "$(quoted "$driver")" "$(quoted "$nvcc")"
    printf ' "seconds": %d,\n "parts": [' $((SECONDS - started))
    local i
    for i in "${!json[@]}"; do printf '%s\n  %s' "$([ "$i" -gt 0 ] && echo ,)" "${json[$i]}"; done
    printf '\n ]\n}\n'
  } >"$results/check.json"
}

for index in "${!parts[@]}"; do
  name=${parts[$index]}
  left=$((budget - (SECONDS - started)))
  sum=0
  for later in "${parts[@]:$index}"; do sum=$((sum + share[$later])); done
  # What earlier parts did not use is shared by those that follow. 5 s to stop a part that does not.
  LZU_PART_SECONDS=$(((left - 5) * share[$name] / sum))
  began=$SECONDS
  detail=
  if [ "$LZU_PART_SECONDS" -lt 5 ]; then
    outcome="did not fit" detail="no time was left"
  else
    timeout -k 5 "$LZU_PART_SECONDS" bash "$0" --inside "$name" >"$results/$name.log" 2>&1
    code=$?
    case $code in
      0) outcome=passed detail=$(tail -n 1 "$results/$name.log") ;;
      77) outcome=skipped detail=$(tail -n 1 "$results/$name.log") ;;
      124 | 137) outcome="did not fit" detail="stopped after $LZU_PART_SECONDS s" ;;
      *) outcome=failed detail="exit code $code: $(tail -n 1 "$results/$name.log")" failed=1 ;;
    esac
  fi
  detail=$(printf '%s' "$detail" | cut -c1-120)
  table+=("$(printf '%-12s %4d s  %-12s %s' "$name" $((SECONDS - began)) "$outcome" "$detail")")
  json+=("{\"name\": $(quoted "$name"), \"outcome\": $(quoted "$outcome"), \"seconds\": $((SECONDS - began)), \"detail\": $(quoted "$detail")}")
  write_json
done
echo "commit $(printf '%s' "$commit" | cut -c1-10), device $LZU_CHECK_DEVICE, ${gpu:-no GPU}, driver ${driver:-none}"
printf '%s\n' "${table[@]}"
exit $failed

// The warp's element functions as CUDA kernels: sampling at coordinate tables (one block a piece of an output row, so
// the row's two source rows are shared), the tables themselves (one block an image, in shared memory), and the inverse
// of a warp of the plane (one block a tile, then one thread an entry).
#include "cuda_launch.h"
#include "elements/attraction.h"
#include "elements/density.h"
#include "elements/plane.h"
#include "elements/separable.h"

namespace {

using lzu::blocks;
using lzu::kThreads;
using lzu::launched;

struct Levels {
    lzu_level level[LZU_MAX_LEVELS];
    int32_t lanes[LZU_MAX_LEVELS];       // of one output row
    int32_t row_blocks[LZU_MAX_LEVELS];  // blocks of one output row
    int32_t first_block[LZU_MAX_LEVELS + 1];
    bool by_fours[LZU_MAX_LEVELS];
};

__global__ void __launch_bounds__(kThreads) sample_levels(const __grid_constant__ Levels all) {
    const int block = static_cast<int>(blockIdx.x);
    int k = 0;
    while (block >= all.first_block[k + 1]) k++;
    const int within = block - all.first_block[k], row = within / all.row_blocks[k];
    const int lane = (within - row * all.row_blocks[k]) * kThreads + static_cast<int>(threadIdx.x);
    if (lane >= all.lanes[k]) return;
    if (all.by_fours[k])
        lzu::sample_lane<lzu::Four>(all.level[k], row, lane);
    else
        lzu::sample_lane<float>(all.level[k], row, lane);
}

__global__ void __launch_bounds__(kThreads)
    zoom_picture(lzu_picture a, int64_t count, const uint8_t* pixels, const float* xs, const float* ys, float* output) {
    const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (index >= count) return;
    const int i = static_cast<int>(index / a.out_width);
    lzu::picture_pixel(a, pixels, xs, ys, output, i, static_cast<int>(index - static_cast<int64_t>(i) * a.out_width));
}

struct AxisOutputs {
    lzu_axis_output table[LZU_MAX_TABLES];
    int32_t first_entry[LZU_MAX_TABLES + 1];
    int32_t count;
};

__global__ void __launch_bounds__(kThreads) attract(lzu_attraction a, const float* saliency, float* knots,
                                                    const __grid_constant__ AxisOutputs tables, int32_t* valid) {
    const int nodes = a.width + a.height, taps = 2 * lzu::reach(a) + 1, n = static_cast<int>(blockIdx.x);
    const int first = static_cast<int>(threadIdx.x), cells = a.width * a.height;
    extern __shared__ double shared[];
    double *gaussian = shared, *marginals = gaussian + taps, *moved = marginals + nodes;
    const float* image = saliency + static_cast<int64_t>(n) * cells;
    bool good = true, mass = false;
    for (int t = first; t < taps; t += kThreads) gaussian[t] = lzu::gaussian_weight(a, t);
    for (int cell = first; cell < cells; cell += kThreads) good = good && lzu::is_weight(image[cell]);
    for (int i = first; i < nodes; i += kThreads) {
        marginals[i] = lzu::marginal(a, image, i);
        mass = mass || marginals[i] > 0;
    }
    const bool all_good = __syncthreads_and(good), any_mass = __syncthreads_or(mass);
    // Without any saliency: that of a uniform map. Each thread writes its own marginals.
    if (!any_mass)
        for (int i = first; i < nodes; i += kThreads) marginals[i] = 1;
    __syncthreads();
    for (int i = first; i < nodes; i += kThreads) {
        moved[i] = lzu::attracted_knot(a, gaussian, marginals, i);
        if (knots) knots[static_cast<int64_t>(n) * nodes + i] = static_cast<float>(moved[i]);
    }
    if (first == 0) valid[n] = all_good;
    __syncthreads();
    // Entries of all tables in one row of threads, since most tables are shorter than a block.
    for (int entry = first; entry < tables.first_entry[tables.count]; entry += kThreads) {
        int k = 0;
        while (entry >= tables.first_entry[k + 1]) k++;
        lzu::write_axis(a, tables.table[k], moved, n, entry - tables.first_entry[k]);
    }
}

constexpr int kDensityThreads = 1024, kWarp = 32, kBoxes = kDensityThreads / kWarp;

__device__ double warp_sum(double v) {
    for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) v += __shfl_xor_sync(0xffffffffu, v, lanes);
    return v;
}

// Float64 numbers beside the map: profiles of kBoxes boxes, later the threads' partial sums.
int64_t density_scratch(const lzu_density& a) {
    const int64_t profiles = static_cast<int64_t>(kBoxes) * (a.width + a.height);
    return profiles > kDensityThreads ? profiles : kDensityThreads;
}

// One warp a box makes profiles, then every thread adds the boxes to its own nodes, in the boxes' order.
__global__ void __launch_bounds__(kDensityThreads)
    density(lzu_density a, const float* boxes, float* output, int32_t* valid) {
    __shared__ double shares[kBoxes];
    __shared__ bool kept[kBoxes];
    const int nodes = a.width + a.height, cells = a.width * a.height, first = static_cast<int>(threadIdx.x);
    const int warp = first / kWarp, lane = first % kWarp;
    extern __shared__ double shared[];
    double *map = shared, *profiles = map + cells, *own = profiles + warp * nodes;
    bool finite = true, any = false;
    for (int cell = first; cell < cells; cell += kDensityThreads) map[cell] = 0;
    for (int base = 0; base < a.boxes; base += kBoxes) {
        const int here = a.boxes - base < kBoxes ? a.boxes - base : kBoxes;
        if (warp < here) {
            const lzu::DensityBox box = lzu::density_box(a, boxes, base + warp);
            double sum_x = 0, sum_y = 0;
            for (int i = lane; i < nodes; i += kWarp) {
                own[i] = lzu::box_profile(a, box, i);
                (i < a.width ? sum_x : sum_y) += own[i];
            }
            sum_x = warp_sum(sum_x);
            sum_y = warp_sum(sum_y);
            finite = finite && box.finite;
            any = any || box.kept;
            if (lane == 0) {
                shares[warp] = lzu::box_share(a, sum_x, sum_y);
                kept[warp] = box.kept;
            }
        }
        __syncthreads();
        for (int cell = first; cell < cells; cell += kDensityThreads) {
            const int i = cell / a.width, j = cell - i * a.width;
            for (int b = 0; b < here; b++)
                if (kept[b]) map[cell] += lzu::box_term(a, shares[b], profiles + b * nodes, i, j);
        }
        __syncthreads();
    }
    const bool all_finite = __syncthreads_and(finite), any_kept = __syncthreads_or(any);
    double sum = 0;
    for (int cell = first; cell < cells; cell += kDensityThreads) {
        if (!any_kept) map[cell] = 1;
        sum += map[cell];
    }
    profiles[first] = sum;
    for (int half = kDensityThreads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (first < half) profiles[first] += profiles[first + half];
    }
    __syncthreads();
    const double total = profiles[0];
    // No floor, and every Gaussian is lost between the nodes: uniform.
    for (int cell = first; cell < cells; cell += kDensityThreads)
        output[cell] = static_cast<float>(total > 0 ? map[cell] / total : 1.0 / cells);
    if (first == 0) *valid = all_finite;
}

// Until it is written, an entry's first number holds the bits of the tile that keeps it.
__global__ void __launch_bounds__(kThreads) claim_nothing(int64_t count, float* output) {
    const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (index < count) output[2 * index] = __int_as_float(lzu::kNoTile);
}

__global__ void __launch_bounds__(kThreads) claim_entries(lzu_plane a, int tiles, const float* nodes, float* output) {
    const int n = static_cast<int>(blockIdx.x) / tiles, t = static_cast<int>(blockIdx.x) - n * tiles;
    const lzu::Tile tile = lzu::tile_of(a, nodes + static_cast<int64_t>(n) * a.rows * a.columns * 2, t);
    if (!tile.usable()) return;
    const lzu::EntryRange columns = lzu::entries(a.x, a.out_width, tile.left, tile.right);
    const lzu::EntryRange rows = lzu::entries(a.y, a.out_height, tile.top, tile.bottom);
    int32_t* keepers = reinterpret_cast<int32_t*>(output + static_cast<int64_t>(n) * a.out_height * a.out_width * 2);
    const int64_t box = static_cast<int64_t>(rows.count()) * columns.count();
    for (int64_t e = threadIdx.x; e < box; e += blockDim.x) {
        const int i = rows.first + static_cast<int>(e / columns.count());
        const int j = columns.first + static_cast<int>(e % columns.count());
        if (lzu::place_entry(a, tile, i, j).inside)
            atomicMin(keepers + (static_cast<int64_t>(i) * a.out_width + j) * 2, t);
    }
}

__global__ void __launch_bounds__(kThreads)
    write_entries(lzu_plane a, int64_t count, const float* nodes, float* output) {
    const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (index >= count) return;
    const int64_t image = static_cast<int64_t>(a.out_height) * a.out_width, n = index / image, at = index - n * image;
    const int i = static_cast<int>(at / a.out_width), j = static_cast<int>(at - static_cast<int64_t>(i) * a.out_width);
    const int32_t keeper = __float_as_int(output[2 * index]);
    lzu::write_plane_entry(a, nodes + n * a.rows * a.columns * 2, keeper, i, j, output + 2 * index);
}

}  // namespace

int32_t lzu_cuda_unzoom_levels_f32(const lzu_level* levels, int32_t count, void* stream) {
    if (lzu::check(levels, count) != LZU_OK) return LZU_BAD_ARGUMENT;
    Levels all = {};
    int64_t total = 0;
    for (int k = 0; k < count; k++) {
        all.level[k] = levels[k];
        all.by_fours[k] = lzu::by_fours(levels[k]);
        all.lanes[k] = static_cast<int32_t>(lzu::lanes(levels[k]));
        all.row_blocks[k] = static_cast<int32_t>(blocks(all.lanes[k]));
        total += static_cast<int64_t>(levels[k].batch) * levels[k].out_height * all.row_blocks[k];
        if (total > INT32_MAX) return LZU_BAD_ARGUMENT;
        all.first_block[k + 1] = static_cast<int32_t>(total);
    }
    if (total == 0) return LZU_OK;
    sample_levels<<<static_cast<unsigned>(total), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(all);
    return launched();
}

int32_t lzu_cuda_separable_sample_f32(const lzu_level* level, void* stream) {
    return lzu_cuda_unzoom_levels_f32(level, 1, stream);
}

int32_t lzu_cuda_zoom_u8(const lzu_picture* picture, const uint8_t* pixels, const float* xs, const float* ys,
                         float* output, void* stream) {
    if (lzu::check(picture) != LZU_OK || !pixels || !xs || !ys || !output) return LZU_BAD_ARGUMENT;
    const int64_t count = static_cast<int64_t>(picture->out_height) * picture->out_width;
    if (count == 0) return LZU_OK;
    zoom_picture<<<blocks(count), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(*picture, count, pixels, xs, ys,
                                                                                    output);
    return launched();
}

int32_t lzu_cuda_attraction_axes_f32(const lzu_attraction* args, const float* saliency, float* knots,
                                     const lzu_axis_output* tables, int32_t table_count, int32_t* valid, void* stream) {
    if (lzu::check(args, tables, table_count) != LZU_OK || !saliency || !valid) return LZU_BAD_ARGUMENT;
    if (args->batch == 0) return LZU_OK;
    AxisOutputs all = {};
    all.count = table_count;
    int64_t entries = 0;
    for (int k = 0; k < table_count; k++) {
        all.table[k] = tables[k];
        entries += tables[k].count;
        if (entries > INT32_MAX - kThreads) return LZU_BAD_ARGUMENT;
        all.first_entry[k + 1] = static_cast<int32_t>(entries);
    }
    const size_t bytes = static_cast<size_t>(lzu::attraction_scratch(*args)) * sizeof(double);
    if (!lzu::reserve_shared(attract, bytes)) return LZU_CUDA_ERROR;
    attract<<<static_cast<unsigned>(args->batch), kThreads, bytes, static_cast<cudaStream_t>(stream)>>>(
        *args, saliency, knots, all, valid);
    return launched();
}

int32_t lzu_cuda_kernel_density_f32(const lzu_density* args, const float* boxes, float* output, int32_t* valid,
                                    void* stream) {
    if (lzu::check(args) != LZU_OK || !output || !valid || (!boxes && args->boxes > 0)) return LZU_BAD_ARGUMENT;
    const int64_t numbers = static_cast<int64_t>(args->height) * args->width + density_scratch(*args);
    // More than any GPU's shared memory.
    if (numbers > 1 << 17) return LZU_CUDA_ERROR;
    const size_t bytes = static_cast<size_t>(numbers) * sizeof(double);
    if (!lzu::reserve_shared(density, bytes)) return LZU_CUDA_ERROR;
    density<<<1, kDensityThreads, bytes, static_cast<cudaStream_t>(stream)>>>(*args, boxes, output, valid);
    return launched();
}

int32_t lzu_cuda_plane_invert_f32(const lzu_plane* args, const float* nodes, float* output, void* stream) {
    if (lzu::check(args) != LZU_OK || !nodes || !output) return LZU_BAD_ARGUMENT;
    const int64_t count = static_cast<int64_t>(args->batch) * args->out_height * args->out_width;
    const int tiles = (args->rows - 1) * (args->columns - 1);
    if (count == 0) return LZU_OK;
    if (static_cast<int64_t>(args->batch) * tiles > INT32_MAX) return LZU_BAD_ARGUMENT;
    const cudaStream_t s = static_cast<cudaStream_t>(stream);
    claim_nothing<<<blocks(count), kThreads, 0, s>>>(count, output);
    claim_entries<<<static_cast<unsigned>(args->batch * tiles), kThreads, 0, s>>>(*args, tiles, nodes, output);
    write_entries<<<blocks(count), kThreads, 0, s>>>(*args, count, nodes, output);
    return launched();
}

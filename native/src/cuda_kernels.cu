// The element functions as CUDA kernels. Forward and inversion: one thread per value, channel fastest. The gradient to
// the input: one thread owns a band of rows of one image and channel and walks all points in order, so every element
// gets its terms in one order and no atomics are needed.
#include <algorithm>

#include "cuda_launch.h"
#include "elements/inversion.h"
#include "elements/sampling.h"

namespace {

using lzu::blocks;
using lzu::kThreads;
using lzu::launched;

constexpr int64_t kScatterThreads = 1 << 17;  // fills a large GPU

__global__ void forward(lzu_grid_sample_args a, int64_t count, const float* input, const float* grid, float* output) {
    const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (index >= count) return;
    const int64_t point = index / a.channels;
    const int n = static_cast<int>(point / (static_cast<int64_t>(a.out_height) * a.out_width));
    const lzu::SamplePoint p = lzu::sample_point(a, grid[2 * point], grid[2 * point + 1]);
    output[index] = p.inside() ? lzu::blend(a, p, input, lzu::corner(a, n, p) + (index - point * a.channels)) : 0.0f;
}

__global__ void grid_gradient(lzu_grid_sample_args a, int64_t count, const float* input, const float* grid,
                              const float* d_output, float* d_grid) {
    const int64_t point = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (point >= count) return;
    const int n = static_cast<int>(point / (static_cast<int64_t>(a.out_height) * a.out_width));
    const lzu::SamplePoint p = lzu::sample_point(a, grid[2 * point], grid[2 * point + 1]);
    float gx = 0, gy = 0;
    if (p.inside()) {
        const int64_t at = lzu::corner(a, n, p);
        for (int c = 0; c < a.channels; c++) {
            const float g = d_output[point * a.channels + c];
            const lzu::Slopes s = lzu::blend_slopes(a, p, input, at + c);
            gx += g * s.x;
            gy += g * s.y;
        }
    }
    d_grid[2 * point] = p.slope_x == 0 ? 0 : gx * p.slope_x;
    d_grid[2 * point + 1] = p.slope_y == 0 ? 0 : gy * p.slope_y;
}

__global__ void input_gradient(lzu_grid_sample_args a, int64_t count, int bands, const float* grid,
                               const float* d_output, float* d_input) {
    const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (index >= count) return;
    const int64_t unit = index / a.channels;
    const int c = static_cast<int>(index - unit * a.channels);
    const int n = static_cast<int>(unit / bands), band = static_cast<int>(unit - static_cast<int64_t>(n) * bands);
    const int top = static_cast<int>(static_cast<int64_t>(a.height) * band / bands);
    const int bottom = static_cast<int>(static_cast<int64_t>(a.height) * (band + 1) / bands);
    const int64_t row = lzu::row_stride(a), image = static_cast<int64_t>(n) * a.height * row;
    for (int64_t at = image + top * row + c; at < image + bottom * row; at += a.channels) d_input[at] = 0;
    const int64_t points = static_cast<int64_t>(a.out_height) * a.out_width;
    for (int64_t point = n * points; point < (n + 1) * points; point++) {
        const lzu::SamplePoint p = lzu::sample_point(a, grid[2 * point], grid[2 * point + 1]);
        if (!p.inside() || p.y >= bottom || p.y + 1 < top) continue;
        lzu::scatter(a, p, d_output[point * a.channels + c], d_input, lzu::corner(a, n, p) + c, top, bottom);
    }
}

__global__ void axis_invert(lzu_axis_table table, int64_t total, int knot_count, const float* knots, int count,
                            float* output) {
    const int64_t index = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (index >= total) return;
    const int64_t n = index / count;
    output[index] = lzu::invert_entry(table, knots + n * knot_count, knot_count, static_cast<int>(index - n * count));
}

}  // namespace

int32_t lzu_has_cuda(void) { return 1; }

int32_t lzu_cuda_grid_sample_f32(const lzu_grid_sample_args* args, const float* input, const float* grid, float* output,
                                 void* stream) {
    if (lzu::check(args) != LZU_OK || !input || !grid || !output) return LZU_BAD_ARGUMENT;
    const int64_t count = static_cast<int64_t>(args->batch) * args->out_height * args->out_width * args->channels;
    if (count == 0) return LZU_OK;
    forward<<<blocks(count), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(*args, count, input, grid, output);
    return launched();
}

int32_t lzu_cuda_grid_sample_backward_f32(const lzu_grid_sample_args* args, const float* input, const float* grid,
                                          const float* d_output, float* d_input, float* d_grid, void* stream) {
    if (lzu::check(args) != LZU_OK || !input || !grid || !d_output) return LZU_BAD_ARGUMENT;
    const cudaStream_t s = static_cast<cudaStream_t>(stream);
    const int64_t points = static_cast<int64_t>(args->batch) * args->out_height * args->out_width;
    if (d_grid && points > 0)
        grid_gradient<<<blocks(points), kThreads, 0, s>>>(*args, points, input, grid, d_output, d_grid);
    const int64_t lanes = static_cast<int64_t>(args->batch) * args->channels;
    if (d_input && lanes > 0) {
        const int64_t wanted = std::max<int64_t>(1, kScatterThreads / lanes);
        const int bands = static_cast<int>(std::min<int64_t>(wanted, args->height));
        input_gradient<<<blocks(lanes * bands), kThreads, 0, s>>>(*args, lanes * bands, bands, grid, d_output, d_input);
    }
    return launched();
}

int32_t lzu_cuda_axis_invert_f32(const lzu_axis_table* table, int32_t batch, int32_t knot_count, const float* knots,
                                 int32_t count, float* output, void* stream) {
    if (!table || !knots || !output || batch < 0 || knot_count < 2 || count < 0) return LZU_BAD_ARGUMENT;
    const int64_t total = static_cast<int64_t>(batch) * count;
    if (total == 0) return LZU_OK;
    axis_invert<<<blocks(total), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(*table, total, knot_count, knots,
                                                                                   count, output);
    return launched();
}

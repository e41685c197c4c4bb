// Host loops of grid_sample: one point at a time, channels innermost. Single-threaded: the managed kernel is the fast
// one on a CPU; this is the element functions' test bed and a caller's fallback.
#include <algorithm>

#include "elements/sampling.h"

namespace {

template <typename Body>
void for_each_point(const lzu_grid_sample_args& a, const float* grid, Body body) {
    int64_t index = 0;
    for (int n = 0; n < a.batch; n++)
        for (int k = 0; k < a.out_height * a.out_width; k++, index++)
            body(n, index, lzu::sample_point(a, grid[2 * index], grid[2 * index + 1]));
}

}  // namespace

int32_t lzu_grid_sample_f32(const lzu_grid_sample_args* args, const float* input, const float* grid, float* output) {
    if (lzu::check(args) != LZU_OK || !input || !grid || !output) return LZU_BAD_ARGUMENT;
    const lzu_grid_sample_args a = *args;
    for_each_point(a, grid, [&](int n, int64_t index, const lzu::SamplePoint& p) {
        float* to = output + index * a.channels;
        if (!p.inside()) {
            std::fill(to, to + a.channels, 0.0f);
            return;
        }
        const int64_t at = lzu::corner(a, n, p);
        for (int c = 0; c < a.channels; c++) to[c] = lzu::blend(a, p, input, at + c);
    });
    return LZU_OK;
}

int32_t lzu_grid_sample_backward_f32(const lzu_grid_sample_args* args, const float* input, const float* grid,
                                     const float* d_output, float* d_input, float* d_grid) {
    if (lzu::check(args) != LZU_OK || !input || !grid || !d_output) return LZU_BAD_ARGUMENT;
    const lzu_grid_sample_args a = *args;
    if (d_input) std::fill(d_input, d_input + static_cast<int64_t>(a.batch) * a.height * lzu::row_stride(a), 0.0f);
    for_each_point(a, grid, [&](int n, int64_t index, const lzu::SamplePoint& p) {
        float gx = 0, gy = 0;
        if (p.inside()) {
            const float* from = d_output + index * a.channels;
            const int64_t at = lzu::corner(a, n, p);
            for (int c = 0; c < a.channels; c++) {
                if (d_input) lzu::scatter(a, p, from[c], d_input, at + c, 0, a.height);
                if (!d_grid) continue;
                const lzu::Slopes s = lzu::blend_slopes(a, p, input, at + c);
                gx += from[c] * s.x;
                gy += from[c] * s.y;
            }
        }
        if (!d_grid) return;
        d_grid[2 * index] = p.slope_x == 0 ? 0 : gx * p.slope_x;
        d_grid[2 * index + 1] = p.slope_y == 0 ? 0 : gy * p.slope_y;
    });
    return LZU_OK;
}

// Known values and identities of every export. Prints each failure and returns how many there were.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "expect.h"

namespace {

double dot(const std::vector<float>& a, const std::vector<float>& b) {
    double sum = 0;
    for (size_t i = 0; i < a.size(); i++) sum += static_cast<double>(a[i]) * b[i];
    return sum;
}

std::vector<float> identity_grid(int h, int w) {
    std::vector<float> g;
    for (int i = 0; i < h; i++)
        for (int j = 0; j < w; j++) {
            g.push_back(2.0f * static_cast<float>(j) / static_cast<float>(w - 1) - 1);
            g.push_back(2.0f * static_cast<float>(i) / static_cast<float>(h - 1) - 1);
        }
    return g;
}

void identity_returns_the_input() {
    const lzu_grid_sample_args a = {1, 3, 5, 7, 5, 7, LZU_BILINEAR, LZU_ZEROS, 1};
    const std::vector<float> x = numbers(105, 0.7), grid = identity_grid(5, 7);
    std::vector<float> y(105);
    expect(lzu_grid_sample_f32(&a, x.data(), grid.data(), y.data()) == LZU_OK, "identity: status");
    for (size_t i = 0; i < x.size(); i++) expect_near(y[i], x[i], 1e-5, "identity");
}

void known_values() {
    // One row 2 4 8 at x = -1.5, -1, 0.5, 1.5, 2: half a pixel outside has half weight.
    const lzu_grid_sample_args a = {1, 1, 1, 3, 1, 5, LZU_BILINEAR, LZU_ZEROS, 1};
    const float x[] = {2, 4, 8}, grid[] = {-1.5f, 0, -1, 0, 0.5f, 0, 1.5f, 0, 2, 0}, wanted[] = {1, 2, 6, 4, 0};
    float y[5];
    lzu_grid_sample_f32(&a, x, grid, y);
    for (int i = 0; i < 5; i++) expect_near(y[i], wanted[i], 1e-6, "half a pixel outside");

    // Halves round to even.
    const lzu_grid_sample_args nearest = {1, 1, 1, 5, 1, 4, LZU_NEAREST, LZU_ZEROS, 1};
    const float ramp[] = {0, 1, 2, 3, 4}, at[] = {-0.75f, 0, -0.25f, 0, 0.25f, 0, 0.75f, 0}, even[] = {0, 2, 2, 4};
    lzu_grid_sample_f32(&nearest, ramp, at, y);
    for (int i = 0; i < 4; i++) expect_near(y[i], even[i], 0, "nearest");

    // 0 1 2 3 reflected: pixel -1 reads 1 (align-corners) or 0 (edges); border reads 0.
    const float pixels[] = {0, 1, 2, 3}, outside_ac[] = {-1 - 2.0f / 3, 0}, outside_edges[] = {-1.25f, 0};
    const lzu_grid_sample_args folded = {1, 1, 1, 4, 1, 1, LZU_BILINEAR, LZU_REFLECTION, 1};
    lzu_grid_sample_args other = folded;
    lzu_grid_sample_f32(&folded, pixels, outside_ac, y);
    expect_near(y[0], 1, 1e-5, "reflection, align-corners");
    other.align_corners = 0;
    lzu_grid_sample_f32(&other, pixels, outside_edges, y);
    expect_near(y[0], 0, 1e-5, "reflection, edges");
    other.padding = LZU_BORDER;
    lzu_grid_sample_f32(&other, pixels, outside_edges, y);
    expect_near(y[0], 0, 1e-5, "border");
}

void absurd_coordinates_index_nothing() {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    const float x[] = {1, 2}, grid[] = {nan, 0, -inf, 0, inf, 0, 3e38f, 0, -3e38f, 0};
    float y[5];
    for (int padding = LZU_ZEROS; padding <= LZU_REFLECTION; padding++) {
        const lzu_grid_sample_args a = {1, 1, 1, 2, 1, 5, LZU_BILINEAR, padding, 1};
        lzu_grid_sample_f32(&a, x, grid, y);
        for (float v : y) expect(v >= 0 && v <= 2, "absurd coordinates");
        if (padding == LZU_ZEROS)
            for (float v : y) expect_near(v, 0, 0, "absurd coordinates, zeros");
    }
}

// <A x, u> = <x, A* u> for the linear map that a grid defines, and the grid's gradient against differences.
void backward_is_the_adjoint() {
    for (int padding = LZU_ZEROS; padding <= LZU_REFLECTION; padding++)
        for (int sampling = LZU_BILINEAR; sampling <= LZU_NEAREST; sampling++)
            for (int align = 0; align <= 1; align++) {
                const lzu_grid_sample_args a = {2, 3, 5, 7, 4, 6, sampling, padding, align};
                const std::vector<float> x = numbers(2 * 105, 0.37), u = numbers(2 * 72, 0.91);
                std::vector<float> grid = numbers(2 * 48, 0.53), y(2 * 72), dx(2 * 105), dg(2 * 48);
                for (float& g : grid) g *= 1.4f;
                lzu_grid_sample_f32(&a, x.data(), grid.data(), y.data());
                lzu_grid_sample_backward_f32(&a, x.data(), grid.data(), u.data(), dx.data(), dg.data());
                expect_near(dot(y, u), dot(x, dx), 2e-5, "adjoint");
                if (sampling == LZU_NEAREST) {
                    for (float g : dg) expect_near(g, 0, 0, "nearest has no slope");
                    continue;
                }
                // Along the gradient the surface is piecewise bilinear: most points have no kink within the step.
                const float step = 1e-3f;
                int off = 0;
                for (size_t k = 0; k < grid.size(); k++) {
                    std::vector<float> up = grid, down = grid, high(2 * 72), low(2 * 72);
                    up[k] += step;
                    down[k] -= step;
                    lzu_grid_sample_f32(&a, x.data(), up.data(), high.data());
                    lzu_grid_sample_f32(&a, x.data(), down.data(), low.data());
                    const double slope = (dot(high, u) - dot(low, u)) / (static_cast<double>(up[k]) - down[k]);
                    if (std::fabs(slope - dg[k]) > 1e-2) off++;
                }
                expect(off <= 2, "the grid's gradient differs from finite differences");
            }
}

void inverse_undoes_the_map() {
    const float knots[] = {-1, -0.7f, -0.1f, -0.1f, 0.2f, 1};
    const int n = 6, count = 101;
    const lzu_axis_table table = table_of(count);
    std::vector<float> inverse(count);
    expect(lzu_axis_invert_f32(&table, 1, n, knots, count, inverse.data()) == LZU_OK, "inverse: status");
    for (int i = 0; i < count; i++) {
        const double at = (inverse[static_cast<size_t>(i)] + 1.0) / 2 * (n - 1);
        const int tile = std::min(static_cast<int>(at), n - 2);
        const double back = knots[tile] + (at - tile) * (static_cast<double>(knots[tile + 1]) - knots[tile]);
        expect_near(back, 2.0 * i / (count - 1) - 1, 1e-6, "inverse of the map");
    }
}

void inverse_known_values() {
    // The identity, with ends as float32 leaves them.
    const float identity[] = {-1, 0, 0.99999976f};
    float out[5];
    lzu_axis_table table = table_of(5);
    lzu_axis_invert_f32(&table, 1, 3, identity, 5, out);
    for (int i = 0; i < 5; i++) expect_near(out[i], i / 2.0 - 1, 1e-6, "inverse of the identity");

    // A map that leaves out the ends: filled outside.
    const float narrow[] = {-0.5f, 0.5f};
    lzu_axis_invert_f32(&table, 1, 2, narrow, 5, out);
    const float wanted[] = {3, -1, 0, 1, 3};
    for (int i = 0; i < 5; i++) expect_near(out[i], wanted[i], 1e-6, "fill");

    // A billionth before the end: float32 rounds to the nearest below it, not onto it.
    const lzu_axis_table fine = {1, 1e9 - 1, 1e9, 100, 0, 1, 0, -2};
    const float straight[] = {-1, 1};
    lzu_axis_invert_f32(&fine, 1, 2, straight, 1, out);
    expect(out[0] < 100 && out[0] > 99.9999f, "an index from inside stays inside");

    // Beyond the axis the index is the entry's own; no width at all is no inverse.
    table.extent = 3;
    lzu_axis_invert_f32(&table, 1, 3, identity, 5, out);
    expect_near(out[4], 4 * 2 - 1, 1e-6, "beyond the axis");
    const float nan = std::numeric_limits<float>::quiet_NaN(), flat[] = {0, 0}, bad[] = {nan, nan, nan};
    table = table_of(5);
    lzu_axis_invert_f32(&table, 1, 2, flat, 5, out);
    for (float v : out) expect_near(v, 3, 0, "flat map");
    lzu_axis_invert_f32(&table, 1, 3, bad, 5, out);
    for (float v : out) expect_near(v, 3, 0, "NaN knots");
}

void bad_arguments_are_refused() {
    float v[4] = {};
    lzu_grid_sample_args a = {1, 1, 1, 1, 1, 1, LZU_BILINEAR, LZU_ZEROS, 1};
    expect(lzu_grid_sample_f32(nullptr, v, v, v) == LZU_BAD_ARGUMENT, "null args");
    expect(lzu_grid_sample_f32(&a, nullptr, v, v) == LZU_BAD_ARGUMENT, "null input");
    a.width = 0;
    expect(lzu_grid_sample_f32(&a, v, v, v) == LZU_BAD_ARGUMENT, "an empty image");
    a.width = 1;
    a.padding = 7;
    expect(lzu_grid_sample_backward_f32(&a, v, v, v, v, v) == LZU_BAD_ARGUMENT, "unknown padding");
    const lzu_axis_table table = table_of(2);
    expect(lzu_axis_invert_f32(&table, 1, 1, v, 2, v) == LZU_BAD_ARGUMENT, "one knot");
    expect(lzu_abi_version() == LZU_ABI_VERSION, "version");
    if (lzu_has_cuda() == 0) {
        a.padding = LZU_ZEROS;
        expect(lzu_cuda_grid_sample_f32(&a, v, v, v, nullptr) == LZU_NO_CUDA, "no CUDA: grid_sample");
        expect(lzu_cuda_grid_sample_backward_f32(&a, v, v, v, v, v, nullptr) == LZU_NO_CUDA, "no CUDA: backward");
        expect(lzu_cuda_axis_invert_f32(&table, 1, 2, v, 2, v, nullptr) == LZU_NO_CUDA, "no CUDA: inverse");
        expect(lzu_cuda_separable_sample_f32(nullptr, nullptr) == LZU_NO_CUDA, "no CUDA: separable_sample");
        expect(lzu_cuda_unzoom_levels_f32(nullptr, 0, nullptr) == LZU_NO_CUDA, "no CUDA: unzoom_levels");
        expect(lzu_cuda_zoom_u8(nullptr, nullptr, v, v, v, nullptr) == LZU_NO_CUDA, "no CUDA: zoom_u8");
        expect(lzu_cuda_attraction_axes_f32(nullptr, v, v, nullptr, 0, nullptr, nullptr) == LZU_NO_CUDA,
               "no CUDA: attraction_axes");
        expect(lzu_cuda_kernel_density_f32(nullptr, v, v, nullptr, nullptr) == LZU_NO_CUDA, "no CUDA: kernel_density");
        expect(lzu_cuda_plane_invert_f32(nullptr, v, v, nullptr) == LZU_NO_CUDA, "no CUDA: plane_invert");
    }
}

}  // namespace

int main() {
    identity_returns_the_input();
    known_values();
    absurd_coordinates_index_nothing();
    backward_is_the_adjoint();
    inverse_undoes_the_map();
    inverse_known_values();
    bad_arguments_are_refused();
    warp_tests();
    std::printf("CUDA kernels: %s\n", cuda_tests() ? "compared" : "not compared, there is no CUDA device");
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}

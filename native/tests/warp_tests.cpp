// Known values and identities of the warp's functions.
#include <algorithm>
#include <limits>
#include <numeric>

#include "expect.h"

namespace {

const float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

void known_samples() {
    // One row 2 4 8 at -0.5, 0, 1.5, 2.5 and 3: half a pixel outside has half weight, NaN is outside.
    const float x[] = {2, 4, 8}, ys[] = {0}, xs[] = {-0.5f, 0, 1.5f, 2.5f, 3, kNan, -kInfinity};
    const float zeros[] = {1, 2, 6, 4, 0, 0, 0}, border[] = {2, 2, 6, 8, 8, 2, 2};
    float y[7];
    lzu_level level = {x, xs, ys, y, 1, 1, 1, 3, 1, 7, LZU_ZEROS, 0, 0, 0};
    expect(lzu_separable_sample_f32(&level) == LZU_OK, "separable sample: status");
    for (int i = 0; i < 7; i++) expect_near(y[i], zeros[i], 1e-6, "separable sample, zeros");
    level.padding = LZU_BORDER;
    lzu_separable_sample_f32(&level);
    for (int i = 0; i < 7; i++) expect_near(y[i], border[i], 1e-6, "separable sample, border");
}

// Both samplers interpolate the same points; the separable one takes its coordinates in pixels. Eight channels go four
// at a time, six one at a time.
void separable_equals_the_dense_grid(int channels) {
    const int n = 2, h = 5, w = 7, out_h = 4, out_w = 6;
    const lzu_grid_sample_args dense = {n, channels, h, w, out_h, out_w, LZU_BILINEAR, LZU_ZEROS, 1};
    const size_t inputs = static_cast<size_t>(n * h * w * channels),
                 outputs = static_cast<size_t>(n * out_h * out_w * channels);
    const std::vector<float> x = numbers(inputs, 0.37), vx = numbers(n * out_w, 1.3), vy = numbers(n * out_h, 0.9);
    std::vector<float> xs(vx.size()), ys(vy.size()), grid, expected(outputs), got(outputs);
    for (size_t i = 0; i < xs.size(); i++) xs[i] = (vx[i] * 1.3f + 1) / 2 * (w - 1);
    for (size_t i = 0; i < ys.size(); i++) ys[i] = (vy[i] * 1.3f + 1) / 2 * (h - 1);
    for (int k = 0; k < n; k++)
        for (int i = 0; i < out_h; i++)
            for (int j = 0; j < out_w; j++) {
                grid.push_back(vx[static_cast<size_t>(k * out_w + j)] * 1.3f);
                grid.push_back(vy[static_cast<size_t>(k * out_h + i)] * 1.3f);
            }
    lzu_grid_sample_f32(&dense, x.data(), grid.data(), expected.data());
    const lzu_level level = {x.data(), xs.data(), ys.data(), got.data(), n,     channels, h,
                             w,        out_h,     out_w,     LZU_ZEROS,  out_w, out_h,    0};
    lzu_separable_sample_f32(&level);
    for (size_t i = 0; i < outputs; i++) expect_near(got[i], expected[i], 1e-5, "separable against dense grid");
}

void levels_are_sampled_as_one_alone() {
    std::vector<std::vector<float>> inputs, together, alone;
    const std::vector<float> at = {0.25f, 1.5f, -0.5f, 2};
    std::vector<lzu_level> levels;
    for (int k = 0; k < LZU_MAX_LEVELS; k++) {
        const size_t channels = static_cast<size_t>(k % 2 == 0 ? 8 : 3), side = static_cast<size_t>(k + 1);
        inputs.push_back(numbers(side * side * channels, 0.3 + k));
        together.emplace_back(16 * channels, kNan);
        alone.emplace_back(16 * channels, kNan);
    }
    for (size_t k = 0; k < LZU_MAX_LEVELS; k++) {
        const int channels = k % 2 == 0 ? 8 : 3, side = static_cast<int>(k) + 1;
        levels.push_back({inputs[k].data(), at.data(), at.data(), alone[k].data(), 1, channels, side, side, 4, 4,
                          LZU_ZEROS, 0, 0, 0});
        lzu_separable_sample_f32(&levels[k]);
        levels[k].output = together[k].data();
    }
    expect(lzu_unzoom_levels_f32(levels.data(), LZU_MAX_LEVELS) == LZU_OK, "levels: status");
    expect(together == alone, "levels together and one by one");
    expect(lzu_unzoom_levels_f32(levels.data(), 0) == LZU_OK, "no level");
}

void bytes_are_scaled_and_outside_is_zero() {
    const uint8_t pixels[] = {10, 20, 30, 50, 60, 70};
    const float xs[] = {0, 0.5f, 1.5f, 9}, ys[] = {0};
    const lzu_picture picture = {1, 2, 1, 4, LZU_ZEROS, {0.5f, 1, 2}, {-1, 0, 1}};
    // Half outside: half of pixel * scale + shift. Outside: 0, not shift.
    const float wanted[] = {4, 20, 61, 14, 40, 101, 12, 30, 70.5f, 0, 0, 0};
    float y[12];
    expect(lzu_zoom_u8(&picture, pixels, xs, ys, y) == LZU_OK, "bytes: status");
    for (int i = 0; i < 12; i++) expect_near(y[i], wanted[i], 1e-5, "bytes");
}

// A zoom's x, its inverse and a level's, as an adaptive warp wants them.
struct Axes {
    std::vector<float> knots, forward, inverse;
    int32_t valid = -1;
};

Axes axes_of(const std::vector<float>& saliency, int h, int w, double fwhm, bool anti_crop) {
    const int count = 101;
    Axes axes = {std::vector<float>(static_cast<size_t>(h + w)), std::vector<float>(count), std::vector<float>(count)};
    const lzu_attraction args = {fwhm, 1, h, w, anti_crop};
    const lzu_axis_output tables[] = {{table_of(count), axes.forward.data(), count, 0, LZU_EVALUATE, 0},
                                      {table_of(count), axes.inverse.data(), count, 1, LZU_INVERT, 0}};
    expect(lzu_attraction_axes_f32(&args, saliency.data(), axes.knots.data(), tables, 2, &axes.valid) == LZU_OK,
           "attraction: status");
    return axes;
}

void uniform_saliency_is_the_identity() {
    for (int anti_crop = 0; anti_crop <= 1; anti_crop++)
        for (const float level : {1.0f, 0.0f}) {
            const int h = 7, w = 11;
            const Axes axes = axes_of(std::vector<float>(static_cast<size_t>(h * w), level), h, w, 4, anti_crop == 1);
            expect(axes.valid == 1, "uniform saliency: valid");
            for (int i = 0; i < w; i++)
                expect_near(axes.knots[static_cast<size_t>(i)], 2.0 * i / (w - 1) - 1, 1e-6, "uniform saliency, x");
            for (int i = 0; i < h; i++)
                expect_near(axes.knots[static_cast<size_t>(w + i)], 2.0 * i / (h - 1) - 1, 1e-6, "uniform saliency, y");
            for (int i = 0; i < 101; i++) {
                expect_near(axes.forward[static_cast<size_t>(i)], 2.0 * i / 100 - 1, 1e-6, "uniform saliency, forward");
                expect_near(axes.inverse[static_cast<size_t>(i)], 2.0 * i / 100 - 1, 1e-6, "uniform saliency, inverse");
            }
        }
}

void one_spike_draws_every_node() {
    // All mass in the middle of 5: every node goes there. With anti-crop the ends stay, and the nodes beside them see
    // the spike's mirror image three cells away, at 2^-9 against 2^-1 of the spike.
    std::vector<float> saliency(25);
    saliency[12] = 2;
    const Axes kept = axes_of(saliency, 5, 5, 2, true), cropped = axes_of(saliency, 5, 5, 2, false);
    const float pull = 2.0f / 257, wanted[] = {-1, -pull, 0, pull, 1};
    for (size_t i = 0; i < 5; i++) {
        expect_near(kept.knots[i], wanted[i], 1e-6, "a spike, anti-crop");
        expect_near(cropped.knots[i], 0, 1e-6, "a spike, crop");
    }
    // So narrow a Gaussian loses the mass: the limit of the formula.
    expect_near(axes_of(saliency, 5, 5, 0.01, true).knots[1], 0, 1e-6, "a lost spike");
}

void tables_agree_with_the_knots() {
    std::vector<float> saliency = numbers(9 * 13, 0.41);
    for (float& s : saliency) s = s * s + 0.05f;
    const Axes axes = axes_of(saliency, 9, 13, 5, true);
    const lzu_axis_table table = table_of(101);
    std::vector<float> inverse(101);
    lzu_axis_invert_f32(&table, 1, 9, axes.knots.data() + 13, 101, inverse.data());
    for (size_t i = 0; i < 101; i++) {
        // The knots that leave are rounded to float32, the table is made of them before.
        expect_near(axes.inverse[i], inverse[i], 1e-5, "inverse table against inverse of the knots");
        const double at = static_cast<double>(i) / 100 * 12;
        const size_t tile = std::min(static_cast<size_t>(at), static_cast<size_t>(11));
        const double from = axes.knots[tile], to = axes.knots[tile + 1];
        expect_near(axes.forward[i], from + (at - static_cast<double>(tile)) * (to - from), 1e-6,
                    "forward table against knots");
    }
    for (const float bad : {-1.0f, kNan, kInfinity}) {
        saliency[5] = bad;
        expect(axes_of(saliency, 9, 13, 5, true).valid == 0, "bad weights are told");
    }
}

std::vector<float> density_of(const std::vector<float>& boxes, double floor, int32_t& valid) {
    const lzu_density args = {600, 960, 1, 32, floor, static_cast<int32_t>(boxes.size() / 4), 4, 7, 9};
    std::vector<float> map(63);
    expect(lzu_kernel_density_f32(&args, boxes.data(), map.data(), &valid) == LZU_OK, "density: status");
    return map;
}

void density_known_values() {
    int32_t valid = -1;
    // Without boxes, and with boxes that do not count: uniform.
    for (const std::vector<float>& boxes :
         {std::vector<float>{}, {-50, 0, -10, 10}, {20, 0, 10, 10}, {0, 601, 10, 700}}) {
        for (const float v : density_of(boxes, 0.01, valid)) expect_near(v, 1.0 / 63, 1e-7, "density without boxes");
        expect(valid == 1, "density: valid");
    }
    // A box in the middle: sums to 1, symmetric, largest there, by the formula at one node.
    const std::vector<float> map = density_of({430, 260, 530, 340}, 0.001, valid);
    expect_near(std::accumulate(map.begin(), map.end(), 0.0), 1, 1e-6, "density sums to 1");
    expect_near(map[3 * 9 + 2], map[3 * 9 + 6], 1e-8, "density is symmetric");
    expect(std::max_element(map.begin(), map.end()) - map.begin() == 3 * 9 + 4, "density is largest at the box");
    double sum_x = 0, sum_y = 0;
    for (int j = 0; j < 9; j++) sum_x += std::exp(-0.5 * std::pow(j * 120.0 - 480, 2) / (32 * 100));
    for (int i = 0; i < 7; i++) sum_y += std::exp(-0.5 * std::pow(i * 100.0 - 300, 2) / (32 * 80));
    const double share = 1 / (1e-5 + sum_x * sum_y), total = share * sum_x * sum_y + 63 * 0.001;
    expect_near(map[3 * 9 + 4], (share + 0.001) / total, 1e-7, "density by its formula");
    // Sides count as a pixel at least.
    expect(density_of({470, 290, 470, 290}, 0, valid) == density_of({469.5f, 289.5f, 470.5f, 290.5f}, 0, valid),
           "density of a point");
    density_of({0, 0, kInfinity, 10}, 0.01, valid);
    expect(valid == 0, "infinite boxes are told");
}

// A smooth map of the square onto itself, and as far as `keep` says.
std::vector<float> wavy_nodes(int rows, int columns, float keep) {
    std::vector<float> nodes;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            const double u = 2.0 * j / (columns - 1) - 1, v = 2.0 * i / (rows - 1) - 1;
            nodes.push_back(keep * static_cast<float>(u + 0.15 * (1 - u * u) * std::sin(2 * v)));
            nodes.push_back(keep * static_cast<float>(v + 0.15 * (1 - v * v) * std::cos(2 * u)));
        }
    return nodes;
}

void plane_inverse_undoes_the_map() {
    const int rows = 5, columns = 7, h = 31, w = 41;
    const std::vector<float> nodes = wavy_nodes(rows, columns, 1);
    const lzu_plane args = {table_of(w), table_of(h), 1, rows, columns, h, w, 0};
    std::vector<float> inverse(static_cast<size_t>(h * w * 2));
    expect(lzu_plane_invert_f32(&args, nodes.data(), inverse.data()) == LZU_OK, "plane inverse: status");
    for (int i = 0; i < h; i++)
        for (int j = 0; j < w; j++) {
            const size_t at = static_cast<size_t>((i * w + j) * 2);
            const double u = (inverse[at] + 1.0) / 2 * (columns - 1), v = (inverse[at + 1] + 1.0) / 2 * (rows - 1);
            const int x = std::min(static_cast<int>(u), columns - 2), y = std::min(static_cast<int>(v), rows - 2);
            for (int axis = 0; axis < 2; axis++) {
                const auto node = [&](int a, int b) {
                    return static_cast<double>(nodes[static_cast<size_t>(((y + a) * columns + x + b) * 2 + axis)]);
                };
                const double back = (node(0, 0) * (1 - u + x) + node(0, 1) * (u - x)) * (1 - v + y) +
                                    (node(1, 0) * (1 - u + x) + node(1, 1) * (u - x)) * (v - y);
                expect_near(back, axis == 0 ? 2.0 * j / (w - 1) - 1 : 2.0 * i / (h - 1) - 1, 1e-5,
                            "plane inverse of the map");
            }
        }
}

void plane_inverse_known_values() {
    // A product of two axes inverts as its axes do; x is mirrored as well, which turns every tile around.
    const float x[] = {-1, -0.7f, 0.2f, 1}, y[] = {-1, 0.4f, 1};
    for (const float side : {1.0f, -1.0f}) {
        std::vector<float> nodes;
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 4; j++) {
                nodes.push_back(x[side > 0 ? j : 3 - j]);
                nodes.push_back(y[i]);
            }
        const lzu_plane args = {table_of(21), level_table(4, 50), 1, 3, 4, 14, 21, 0};
        std::vector<float> got(14 * 21 * 2), column(21), row(14);
        lzu_plane_invert_f32(&args, nodes.data(), got.data());
        lzu_axis_invert_f32(&args.x, 1, 4, x, 21, column.data());
        lzu_axis_invert_f32(&args.y, 1, 3, y, 14, row.data());
        for (size_t i = 0; i < 14; i++)
            for (size_t j = 0; j < 21; j++) {
                expect_near(got[(i * 21 + j) * 2], side * column[j], 1e-6, "plane inverse against the axis, x");
                expect_near(got[(i * 21 + j) * 2 + 1], row[i], 1e-5, "plane inverse against the axis, y");
            }
    }
    // A map that leaves out the rim; flat, and without numbers.
    const std::vector<float> narrow = wavy_nodes(3, 3, 0.4f), flat(18, 0.5f), bad(18, kNan), endless(18, kInfinity);
    const lzu_plane args = {table_of(5), table_of(5), 1, 3, 3, 5, 5, 0};
    float out[50];
    lzu_plane_invert_f32(&args, narrow.data(), out);
    expect_near(out[0], 3, 0, "plane inverse: fill");
    expect(out[24] > -1 && out[24] < 1, "plane inverse: the middle");
    for (const std::vector<float>& nodes : {flat, bad, endless}) {
        lzu_plane_invert_f32(&args, nodes.data(), out);
        for (const float v : out) expect_near(v, 3, 0, "plane inverse of nothing");
    }
}

// Two layers cover the square: the lower tiles reach up over the upper ones, which come first.
void the_first_tile_wins() {
    const float nodes[] = {-1, -1, 1, -1, -1, 1, 1, 1, -1, -1, 1, -1};
    const lzu_plane args = {table_of(3), table_of(3), 1, 3, 2, 3, 3, 0};
    float out[18];
    lzu_plane_invert_f32(&args, nodes, out);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) expect_near(out[(i * 3 + j) * 2 + 1], i / 2.0 - 1, 1e-6, "the first tile wins");
}

void bad_arguments_are_refused() {
    float v[8] = {};
    uint8_t bytes[3] = {};
    int32_t valid;
    lzu_level level = {v, v, v, v, 1, 1, 1, 1, 1, 1, LZU_REFLECTION, 0, 0, 0};
    expect(lzu_separable_sample_f32(&level) == LZU_BAD_ARGUMENT, "separable sample: reflection");
    level.padding = LZU_ZEROS;
    expect(lzu_unzoom_levels_f32(&level, LZU_MAX_LEVELS + 1) == LZU_BAD_ARGUMENT, "too many levels");
    level.xs = nullptr;
    expect(lzu_separable_sample_f32(&level) == LZU_BAD_ARGUMENT, "separable sample: no table");
    expect(lzu_separable_sample_f32(nullptr) == LZU_BAD_ARGUMENT, "separable sample: null");
    const lzu_picture picture = {0, 1, 1, 1, LZU_ZEROS, {}, {}};
    expect(lzu_zoom_u8(&picture, bytes, v, v, v) == LZU_BAD_ARGUMENT, "an empty picture");
    lzu_attraction attraction = {0, 1, 2, 2, 1};
    expect(lzu_attraction_axes_f32(&attraction, v, v, nullptr, 0, &valid) == LZU_BAD_ARGUMENT, "no width");
    attraction.fwhm = 3;
    const lzu_axis_output table = {table_of(2), v, 2, 2, LZU_INVERT, 0};
    expect(lzu_attraction_axes_f32(&attraction, v, v, &table, 1, &valid) == LZU_BAD_ARGUMENT, "a third axis");
    expect(lzu_attraction_axes_f32(&attraction, v, nullptr, nullptr, 0, &valid) == LZU_OK, "neither knots nor tables");
    const lzu_density density = {1, 1, 1, 1, 0, 1, 3, 2, 2};
    expect(lzu_kernel_density_f32(&density, v, v, &valid) == LZU_BAD_ARGUMENT, "boxes of three");
    const lzu_plane plane = {table_of(2), table_of(2), 1, 1, 2, 2, 2, 0};
    expect(lzu_plane_invert_f32(&plane, v, v) == LZU_BAD_ARGUMENT, "one row of nodes");
}

}  // namespace

void warp_tests() {
    known_samples();
    separable_equals_the_dense_grid(8);
    separable_equals_the_dense_grid(6);
    levels_are_sampled_as_one_alone();
    bytes_are_scaled_and_outside_is_zero();
    uniform_saliency_is_the_identity();
    one_spike_draws_every_node();
    tables_agree_with_the_knots();
    density_known_values();
    plane_inverse_undoes_the_map();
    plane_inverse_known_values();
    the_first_tile_wins();
    bad_arguments_are_refused();
}

// Bilinear sampling at the product of two coordinate tables: what one coordinate reads, and the blend of its four
// pixels for one channel or for four at once. The rule of the managed SampleTable.
#ifndef LZU_ELEMENTS_SEPARABLE_H
#define LZU_ELEMENTS_SEPARABLE_H

#include <cmath>
#include <cstdint>

#include "elements/portable.h"
#include "lzu_native.h"

namespace lzu {

// The neighbours of a coordinate (-1: outside, reads 0) and how far it lies towards the second.
struct AxisSample {
    int first, second;
    float fraction;
};

LZU_HD AxisSample axis_sample(float v, int size, int padding) {
    const float last = static_cast<float>(size - 1);
    // NaN goes to index 0.
    if (padding == LZU_BORDER && !(v > 0 && v < last)) v = v >= last ? last : 0;
    if (!(v >= -1 && v < static_cast<float>(size))) return {-1, -1, 0};
    const float floor = floorf(v);
    const int first = static_cast<int>(floor);
    return {first, first + 1 < size ? first + 1 : -1, v - floor};
}

// How much of a sample lies inside.
LZU_HD float coverage(const AxisSample& s) {
    return (s.first < 0 ? 0 : 1 - s.fraction) + (s.second < 0 ? 0 : s.fraction);
}

// Four channels of a pixel; one 128-bit access on a device.
struct Four {
    float x, y, z, w;
};

LZU_HD void read(const float* from, float& value) { value = *from; }

LZU_HD void read(const uint8_t* from, float& value) { value = static_cast<float>(*from); }

LZU_HD void read(const float* from, Four& value) {
#ifdef __CUDA_ARCH__
    const float4 v = *reinterpret_cast<const float4*>(from);
    value = {v.x, v.y, v.z, v.w};
#else
    value = {from[0], from[1], from[2], from[3]};
#endif
}

LZU_HD void write(float* to, float value) { *to = value; }

LZU_HD void write(float* to, const Four& value) {
#ifdef __CUDA_ARCH__
    *reinterpret_cast<float4*>(to) = make_float4(value.x, value.y, value.z, value.w);
#else
    to[0] = value.x;
    to[1] = value.y;
    to[2] = value.z;
    to[3] = value.w;
#endif
}

LZU_HD void add_scaled(float& sum, float weight, float value) { sum += weight * value; }

LZU_HD void add_scaled(Four& sum, float weight, const Four& value) {
    sum.x += weight * value.x;
    sum.y += weight * value.y;
    sum.z += weight * value.z;
    sum.w += weight * value.w;
}

// The blend at one place of an image [height][width][channels], from channel `channel` on.
template <typename Value, typename Element>
LZU_HD Value blend(const Element* image, int width, int channels, const AxisSample& x, const AxisSample& y,
                   int channel) {
    Value sum = {}, value;
    const float weights_x[2] = {1 - x.fraction, x.fraction}, weights_y[2] = {1 - y.fraction, y.fraction};
    const int columns[2] = {x.first, x.second}, rows[2] = {y.first, y.second};
    for (int r = 0; r < 2; r++) {
        if (rows[r] < 0) continue;
        const Element* row = image + static_cast<int64_t>(rows[r]) * width * channels + channel;
        for (int c = 0; c < 2; c++) {
            if (columns[c] < 0) continue;
            read(row + static_cast<int64_t>(columns[c]) * channels, value);
            add_scaled(sum, weights_x[c] * weights_y[r], value);
        }
    }
    return sum;
}

// Lane `lane` of output row `row` (image and row together): `lane` counts groups of channels, channel fastest.
template <typename Value>
LZU_HD void sample_lane(const lzu_level& a, int row, int lane) {
    constexpr int kWide = sizeof(Value) / sizeof(float);
    const int groups = a.channels / kWide, n = row / a.out_height, i = row - n * a.out_height;
    const int j = lane / groups, channel = (lane - j * groups) * kWide;
    const AxisSample y = axis_sample(a.ys[static_cast<int64_t>(n) * a.ys_stride + i], a.height, a.padding);
    const AxisSample x = axis_sample(a.xs[static_cast<int64_t>(n) * a.xs_stride + j], a.width, a.padding);
    const float* image = a.input + static_cast<int64_t>(n) * a.height * a.width * a.channels;
    write(a.output + (static_cast<int64_t>(row) * a.out_width + j) * a.channels + channel,
          blend<Value>(image, a.width, a.channels, x, y, channel));
}

LZU_HD void picture_pixel(const lzu_picture& a, const uint8_t* pixels, const float* xs, const float* ys, float* output,
                          int i, int j) {
    const AxisSample y = axis_sample(ys[i], a.height, a.padding), x = axis_sample(xs[j], a.width, a.padding);
    const float inside = coverage(x) * coverage(y);
    float* to = output + (static_cast<int64_t>(i) * a.out_width + j) * 3;
    for (int c = 0; c < 3; c++) to[c] = blend<float>(pixels, a.width, 3, x, y, c) * a.scale[c] + inside * a.shift[c];
}

// Whether four channels at a time may be read and written.
inline bool by_fours(const lzu_level& a) {
    return a.channels % 4 == 0 &&
           (reinterpret_cast<uintptr_t>(a.input) | reinterpret_cast<uintptr_t>(a.output)) % 16 == 0;
}

// Lanes of one output row.
inline int64_t lanes(const lzu_level& a) {
    return static_cast<int64_t>(a.out_width) * a.channels / (by_fours(a) ? 4 : 1);
}

inline int check(const lzu_level* levels, int count) {
    if (levels == nullptr || count < 0 || count > LZU_MAX_LEVELS) return LZU_BAD_ARGUMENT;
    for (int k = 0; k < count; k++) {
        const lzu_level& a = levels[k];
        const bool good = a.input && a.xs && a.ys && a.output && a.batch >= 0 && a.channels >= 0 && a.height >= 1 &&
                          a.width >= 1 && a.out_height >= 0 && a.out_width >= 0 && a.xs_stride >= 0 &&
                          a.ys_stride >= 0 && (a.padding == LZU_ZEROS || a.padding == LZU_BORDER) &&
                          static_cast<int64_t>(a.batch) * a.out_height <= INT32_MAX && lanes(a) <= INT32_MAX;
        if (!good) return LZU_BAD_ARGUMENT;
    }
    return LZU_OK;
}

inline int check(const lzu_picture* a) {
    const bool good = a != nullptr && a->height >= 1 && a->width >= 1 && a->out_height >= 0 && a->out_width >= 0 &&
                      (a->padding == LZU_ZEROS || a->padding == LZU_BORDER);
    return good ? LZU_OK : LZU_BAD_ARGUMENT;
}

}  // namespace lzu

#endif

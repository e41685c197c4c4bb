// grid_sample, one point at a time: which four pixels a coordinate reads, with which weights and slopes.
#ifndef LZU_ELEMENTS_SAMPLING_H
#define LZU_ELEMENTS_SAMPLING_H

#include <cmath>
#include <cstdint>

#include "elements/portable.h"
#include "lzu_native.h"

namespace lzu {

struct AxisIndex {
    float index, slope;
};

// Normalised coordinate to pixel index under a padding mode, with d index / d coordinate. With zeros padding the index
// may be anything; otherwise it lies in [0, size - 1]. The comparisons are written so that NaN goes to index 0.
LZU_HD AxisIndex axis_index(float v, int size, int padding, bool align_corners) {
    const float last = static_cast<float>(size - 1), length = static_cast<float>(size);
    float at = align_corners ? (v + 1) / 2 * last : ((v + 1) * length - 1) / 2;
    float slope = (align_corners ? last : length) / 2;
    if (padding == LZU_ZEROS) return {at, slope};
    if (padding == LZU_REFLECTION) {
        // Folds at the ends: [0, size - 1] with align-corners, [-1/2, size - 1/2] without. Infinity becomes NaN.
        const float low = align_corners ? 0.0f : -0.5f, span = align_corners ? last : length;
        if (span == 0) return {0, 0};
        at -= low;
        if (at < 0) {
            at = -at;
            slope = -slope;
        }
        at = fmodf(at, 2 * span);
        if (at >= span) {
            at = 2 * span - at;
            slope = -slope;
        }
        at += low;
    }
    if (!(at > 0)) return {0, 0};
    if (at >= last) return {last, 0};
    return {at, slope};
}

// One sample. x, y: the upper left neighbour; corners outside the image are switched off.
struct SamplePoint {
    int x, y;
    float tx, ty, slope_x, slope_y;
    bool left, right, above, below;

    LZU_HD bool inside() const { return (left || right) && (above || below); }
};

LZU_HD SamplePoint sample_point(const lzu_grid_sample_args& a, float gx, float gy) {
    const AxisIndex ax = axis_index(gx, a.width, a.padding, a.align_corners != 0);
    const AxisIndex ay = axis_index(gy, a.height, a.padding, a.align_corners != 0);
    const bool nearest = a.sampling == LZU_NEAREST;
    const float ix = nearest ? nearbyintf(ax.index) : ax.index, iy = nearest ? nearbyintf(ay.index) : ay.index;
    SamplePoint p = {0, 0, 0, 0, 0, 0, false, false, false, false};
    // False for NaN and infinities as well: nothing below may index memory outside the image.
    if (!(ix >= -1 && ix < static_cast<float>(a.width) && iy >= -1 && iy < static_cast<float>(a.height))) return p;
    const float fx = floorf(ix), fy = floorf(iy);
    p.x = static_cast<int>(fx);
    p.y = static_cast<int>(fy);
    p.tx = ix - fx;
    p.ty = iy - fy;
    p.slope_x = nearest ? 0 : ax.slope;
    p.slope_y = nearest ? 0 : ay.slope;
    p.left = p.x >= 0;
    p.right = p.x + 1 < a.width && !nearest;
    p.above = p.y >= 0;
    p.below = p.y + 1 < a.height && !nearest;
    return p;
}

LZU_HD int64_t row_stride(const lzu_grid_sample_args& a) { return static_cast<int64_t>(a.width) * a.channels; }

// The first channel of a point's upper left neighbour; not to be read unless its corner is switched on.
LZU_HD int64_t corner(const lzu_grid_sample_args& a, int n, const SamplePoint& p) {
    return (static_cast<int64_t>(n) * a.height + p.y) * row_stride(a) + static_cast<int64_t>(p.x) * a.channels;
}

// input at a point, one channel. at: corner() + channel.
LZU_HD float blend(const lzu_grid_sample_args& a, const SamplePoint& p, const float* input, int64_t at) {
    const float ux = 1 - p.tx, uy = 1 - p.ty;
    const int64_t row = row_stride(a);
    float value = 0;
    if (p.left && p.above) value += ux * uy * input[at];
    if (p.right && p.above) value += p.tx * uy * input[at + a.channels];
    if (p.left && p.below) value += ux * p.ty * input[at + row];
    if (p.right && p.below) value += p.tx * p.ty * input[at + row + a.channels];
    return value;
}

struct Slopes {
    float x, y;
};

// d blend / d (tx, ty), one channel.
LZU_HD Slopes blend_slopes(const lzu_grid_sample_args& s, const SamplePoint& p, const float* input, int64_t at) {
    const int64_t row = row_stride(s);
    const float a = p.left && p.above ? input[at] : 0, b = p.right && p.above ? input[at + s.channels] : 0;
    const float c = p.left && p.below ? input[at + row] : 0, d = p.right && p.below ? input[at + row + s.channels] : 0;
    return {(b - a) * (1 - p.ty) + (d - c) * p.ty, (c - a) * (1 - p.tx) + (d - b) * p.tx};
}

// Adds one channel's share of g to the rows [top, bottom) of a gradient image. at: corner() + channel.
LZU_HD void scatter(const lzu_grid_sample_args& a, const SamplePoint& p, float g, float* d_input, int64_t at, int top,
                    int bottom) {
    const float ux = 1 - p.tx, uy = 1 - p.ty;
    const int64_t row = row_stride(a);
    if (p.above && p.y >= top && p.y < bottom) {
        if (p.left) d_input[at] += ux * uy * g;
        if (p.right) d_input[at + a.channels] += p.tx * uy * g;
    }
    if (p.below && p.y + 1 >= top && p.y + 1 < bottom) {
        if (p.left) d_input[at + row] += ux * p.ty * g;
        if (p.right) d_input[at + row + a.channels] += p.tx * p.ty * g;
    }
}

inline int check(const lzu_grid_sample_args* a) {
    const bool good = a != nullptr && a->batch >= 0 && a->channels >= 0 && a->height >= 1 && a->width >= 1 &&
                      a->out_height >= 0 && a->out_width >= 0 && a->sampling >= LZU_BILINEAR &&
                      a->sampling <= LZU_NEAREST && a->padding >= LZU_ZEROS && a->padding <= LZU_REFLECTION;
    return good ? LZU_OK : LZU_BAD_ARGUMENT;
}

}  // namespace lzu

#endif

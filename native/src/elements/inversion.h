// A piecewise linear map along one axis and its inverse, one table entry at a time, in float64. Knots are float32 from
// outside, float64 straight from the attraction.
#ifndef LZU_ELEMENTS_INVERSION_H
#define LZU_ELEMENTS_INVERSION_H

#include <cmath>

#include "elements/portable.h"
#include "lzu_native.h"

namespace lzu {

// End knots within this of -1 and 1 count as exact: float32 grids end at 0.9999998.
constexpr double kSnap = 1e-5;

LZU_HD double snapped(double knot, bool first, bool last) {
    if (first && fabs(knot + 1) < kSnap) return -1;
    if (last && fabs(knot - 1) < kSnap) return 1;
    return knot;
}

template <typename Real>
LZU_HD double knot(const Real* knots, int count, int i) {
    return snapped(knots[i], i == 0, i == count - 1);
}

LZU_HD double clamped(double v, double low, double high) { return fmin(fmax(v, low), high); }

LZU_HD bool beyond(const lzu_axis_table& t, int i) { return t.stride * i + t.offset > t.extent; }

// The normalised coordinate that entry i stands for.
LZU_HD double target(const lzu_axis_table& t, int i) {
    return t.extent == 0 ? -1 : (2 * (t.stride * i + t.offset) - t.extent) / t.extent;
}

// The index as float32 sampling finds it: the entry itself, or grid_sample's ((v + 1) D - 1)/2 without align-corners,
// where out_scale = 2/D.
LZU_HD double read_back(const lzu_axis_table& t, float value) {
    if (t.out_scale == 1) return value;
    const float size = static_cast<float>(2 / t.out_scale);
    return fmax(((value + 1) * size - 1) / 2, fmaf(value + 1, size, -1) / 2);
}

// An index in the table's unit. Never rounds an index from inside the axis onto its end, where sampling's one-sided
// slope points outward. A few steps suffice; the bound is for tables that no axis has.
LZU_HD float table_entry(const lzu_axis_table& t, double index) {
    float value = static_cast<float>(t.out_scale * index + t.out_shift);
    const double end = t.index_scale + t.index_shift;
    if (!(index < end) || index < end - 1e-3 * (1 + fabs(end))) return value;
    for (int step = 0; step < 64 && read_back(t, value) >= end; step++) value = nextafterf(value, -HUGE_VALF);
    return value;
}

// Entry i of the map through one row of knots; beyond the axis the last tile goes on.
template <typename Real>
LZU_HD float evaluate_entry(const lzu_axis_table& t, const Real* knots, int count, int i) {
    const double at = t.extent == 0 ? 0 : (t.stride * i + t.offset) / t.extent * (count - 1);
    const int tile = static_cast<int>(clamped(at, 0, count - 2));
    const double from = knots[tile], to = knots[tile + 1];
    return table_entry(t, (from + (at - tile) * (to - from) + 1) / 2 * t.index_scale + t.index_shift);
}

// Entry i of the inverse of one row of knots.
template <typename Real>
LZU_HD float invert_entry(const lzu_axis_table& t, const Real* knots, int count, int i) {
    const float fill = static_cast<float>(t.fill);
    if (beyond(t, i)) return table_entry(t, i);
    const double at = target(t, i);
    if (!(at >= knot(knots, count, 0) && at <= knot(knots, count, count - 1))) return fill;
    // The last tile of positive width that begins at or before the target.
    int tile = -1;
    for (int k = 0; k < count - 1 && knot(knots, count, k) <= at; k++)
        if (knot(knots, count, k + 1) > knot(knots, count, k)) tile = k;
    if (tile < 0) return fill;
    const double from = knot(knots, count, tile);
    const double within = clamped((at - from) / (knot(knots, count, tile + 1) - from), 0, 1);
    return table_entry(t, (tile + within) / (count - 1) * t.index_scale + t.index_shift);
}

}  // namespace lzu

#endif

// The inverse of a piecewise linear map along one axis, one table entry at a time, in float64.
#ifndef LZU_ELEMENTS_INVERSION_H
#define LZU_ELEMENTS_INVERSION_H

#include <cmath>

#include "elements/portable.h"
#include "lzu_native.h"

namespace lzu {

// End knots within this of -1 and 1 count as exact: float32 grids end at 0.9999998.
constexpr double kSnap = 1e-5;

LZU_HD double knot(const float* knots, int count, int i) {
    const double g = knots[i];
    if (i == 0 && fabs(g + 1) < kSnap) return -1;
    if (i == count - 1 && fabs(g - 1) < kSnap) return 1;
    return g;
}

// Entry i of the inverse of one row of knots.
LZU_HD double invert_entry(const lzu_axis_table& t, const float* knots, int count, int i) {
    const double p = t.stride * i + t.offset;
    if (p > t.extent) return i * t.out_scale + t.out_shift;
    const double target = t.extent == 0 ? -1 : (2 * p - t.extent) / t.extent;
    if (!(target >= knot(knots, count, 0) && target <= knot(knots, count, count - 1))) return t.fill;
    // The last tile of positive width that begins at or before the target.
    int tile = -1;
    for (int k = 0; k < count - 1 && knot(knots, count, k) <= target; k++)
        if (knot(knots, count, k + 1) > knot(knots, count, k)) tile = k;
    if (tile < 0) return t.fill;
    const double from = knot(knots, count, tile);
    const double within = fmin(fmax((target - from) / (knot(knots, count, tile + 1) - from), 0.0), 1.0);
    return ((tile + within) / (count - 1) * t.index_scale + t.index_shift) * t.out_scale + t.out_shift;
}

}  // namespace lzu

#endif

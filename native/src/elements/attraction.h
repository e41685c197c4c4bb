// Saliency to knots along one axis, in float64. With S extended by p = min(height, width) - 1 cells and k the Gaussian,
// node i moves to sum k[j] S[i + j] (i - p + j) / sum k[j] S[i + j], summed relative to the window as the managed
// kernel does.
#ifndef LZU_ELEMENTS_ATTRACTION_H
#define LZU_ELEMENTS_ATTRACTION_H

#include <cmath>
#include <cstdint>

#include "elements/inversion.h"

namespace lzu {

// Below this a window's mass is lost to rounding: the node goes to the nearest mass, the limit of the formula.
constexpr double kNoMass = 1e-290;

LZU_HD int reach(const lzu_attraction& a) { return (a.height < a.width ? a.height : a.width) - 1; }

// Float64 numbers that the attraction of one image works in: the Gaussian, then both marginals (x first), then the
// knots.
LZU_HD int attraction_scratch(const lzu_attraction& a) { return 2 * reach(a) + 1 + 2 * (a.width + a.height); }

LZU_HD double gaussian_weight(const lzu_attraction& a, int t) {
    const double d = t - reach(a);
    return exp(-4 * 0.69314718055994530942 * d * d / (a.fwhm * a.fwhm));
}

LZU_HD bool is_weight(float v) { return v >= 0 && v <= 3.402823466e38f; }

// The sum of column i of an image (i below the width), or of row i - width.
LZU_HD double marginal(const lzu_attraction& a, const float* saliency, int i) {
    const bool column = i < a.width;
    const float* from = column ? saliency + i : saliency + static_cast<int64_t>(i - a.width) * a.width;
    const int count = column ? a.height : a.width, step = column ? a.width : 1;
    double sum = 0;
    for (int k = 0; k < count; k++) sum += from[static_cast<int64_t>(k) * step];
    return sum;
}

// Where cell i of the extended axis reads; i reaches at most n - 1 beyond, so one mirror suffices.
LZU_HD int folded(int i, int n, bool anti_crop) {
    if (i < 0) return anti_crop ? -i : 0;
    if (i >= n) return anti_crop ? 2 * (n - 1) - i : n - 1;
    return i;
}

// The cell of the extended axis nearest to node i that holds mass.
LZU_HD int nearest_mass(const double* s, int n, bool anti_crop, int i) {
    for (int d = 0; d < 2 * n; d++) {
        if (i - d > -n && s[folded(i - d, n, anti_crop)] > 0) return i - d;
        if (i + d < 2 * n - 1 && s[folded(i + d, n, anti_crop)] > 0) return i + d;
    }
    return i;
}

// Where node i of an axis with marginal s [n] goes, in [-1, 1].
LZU_HD double attracted(const double* s, int n, const double* k, int p, bool anti_crop, int i) {
    if (anti_crop && i == 0) return -1;
    if (anti_crop && i == n - 1) return 1;
    double mass = 0, moment = 0;
    for (int t = 0; t <= 2 * p; t++) {
        const double weight = k[t] * s[folded(i + t - p, n, anti_crop)];
        mass += weight;
        moment += weight * t;
    }
    const double cell = mass > kNoMass ? i - p + moment / mass : nearest_mass(s, n, anti_crop, i);
    return clamped(2 * cell / (n - 1) - 1, -1, 1);
}

// Knot i of one image, x first, from its Gaussian and marginals.
LZU_HD double attracted_knot(const lzu_attraction& a, const double* gaussian, const double* marginals, int i) {
    const bool x = i < a.width;
    return attracted(x ? marginals : marginals + a.width, x ? a.width : a.height, gaussian, reach(a), a.anti_crop != 0,
                     x ? i : i - a.width);
}

// Entry i of a table of image n's knots.
LZU_HD void write_axis(const lzu_attraction& a, const lzu_axis_output& t, const double* knots, int n, int i) {
    const double* of = t.axis == 0 ? knots : knots + a.width;
    const int count = t.axis == 0 ? a.width : a.height;
    t.output[static_cast<int64_t>(n) * t.count + i] =
        t.kind == LZU_EVALUATE ? evaluate_entry(t.table, of, count, i) : invert_entry(t.table, of, count, i);
}

inline int check(const lzu_attraction* a, const lzu_axis_output* tables, int count) {
    const bool good = a != nullptr && a->batch >= 0 && a->height >= 2 && a->width >= 2 && a->fwhm > 0 &&
                      a->fwhm <= 1e100 && static_cast<int64_t>(a->height) + a->width <= 1 << 24 && count >= 0 &&
                      count <= LZU_MAX_TABLES && (tables != nullptr || count == 0);
    if (!good) return LZU_BAD_ARGUMENT;
    for (int k = 0; k < count; k++) {
        const lzu_axis_output& t = tables[k];
        if (!t.output || t.count < 0 || t.axis < 0 || t.axis > 1 || t.kind < LZU_EVALUATE || t.kind > LZU_INVERT)
            return LZU_BAD_ARGUMENT;
    }
    return LZU_OK;
}

}  // namespace lzu

#endif

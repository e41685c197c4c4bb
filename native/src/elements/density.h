// Boxes to saliency, in float64: a box's Gaussian is a product of two profiles.
#ifndef LZU_ELEMENTS_DENSITY_H
#define LZU_ELEMENTS_DENSITY_H

#include <cmath>
#include <cstdint>

#include "elements/portable.h"
#include "lzu_native.h"

namespace lzu {

// Keeps a box whose Gaussian falls between all nodes from dividing by zero; the published value.
constexpr double kDensityEpsilon = 1e-5;

struct DensityBox {
    double centre_x, centre_y, width, height;
    bool finite, kept;
};

LZU_HD DensityBox density_box(const lzu_density& a, const float* boxes, int i) {
    const float* b = boxes + static_cast<int64_t>(i) * a.box_stride;
    bool finite = true;
    // Infinity minus infinity is NaN.
    for (int k = 0; k < 4; k++) finite = finite && b[k] - b[k] == 0;
    const double left = b[0], top = b[1], right = b[2], bottom = b[3], width = right - left, height = bottom - top;
    const bool kept =
        finite && !(width < 0 || height < 0 || right < 0 || bottom < 0 || left > a.image_width || top > a.image_height);
    return {(left + right) / 2, (top + bottom) / 2, fmax(1.0, width), fmax(1.0, height), finite, kept};
}

LZU_HD double profile(double at, double centre, double side, double bandwidth) {
    return exp(-(0.5 * ((at - centre) * (at - centre) / (bandwidth * side))));
}

// Entry i of a box's profiles: width nodes of x, then height nodes of y.
LZU_HD double box_profile(const lzu_density& a, const DensityBox& b, int i) {
    if (i < a.width)
        return profile(static_cast<double>(i) / (a.width - 1) * a.image_width, b.centre_x, b.width, a.bandwidth);
    const double y = static_cast<double>(i - a.width) / (a.height - 1) * a.image_height;
    return profile(y, b.centre_y, b.height, a.bandwidth);
}

// What a box's Gaussian is multiplied by, from the sums of its profiles.
LZU_HD double box_share(const lzu_density& a, double sum_x, double sum_y) {
    return a.amplitude / (kDensityEpsilon + sum_x * sum_y);
}

// What a box adds to a node (i, j).
LZU_HD double box_term(const lzu_density& a, double share, const double* profiles, int i, int j) {
    return share * profiles[j] * profiles[a.width + i] + a.floor;
}

inline int check(const lzu_density* a) {
    const bool good = a != nullptr && a->boxes >= 0 && a->box_stride >= 4 && a->height >= 2 && a->width >= 2 &&
                      static_cast<int64_t>(a->height) * a->width <= INT32_MAX;
    return good ? LZU_OK : LZU_BAD_ARGUMENT;
}

}  // namespace lzu

#endif

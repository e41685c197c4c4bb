// Host loop of the separable attraction and the tables made of it.
#include "elements/attraction.h"

#include <algorithm>
#include <vector>

int32_t lzu_attraction_axes_f32(const lzu_attraction* args, const float* saliency, float* knots,
                                const lzu_axis_output* tables, int32_t table_count, int32_t* valid) {
    if (lzu::check(args, tables, table_count) != LZU_OK || !saliency || !valid) return LZU_BAD_ARGUMENT;
    const lzu_attraction a = *args;
    const int nodes = a.width + a.height, taps = 2 * lzu::reach(a) + 1;
    const int64_t cells = static_cast<int64_t>(a.width) * a.height;
    std::vector<double> scratch(static_cast<size_t>(lzu::attraction_scratch(a)));
    double *gaussian = scratch.data(), *marginals = gaussian + taps, *moved = marginals + nodes;
    for (int t = 0; t < taps; t++) gaussian[t] = lzu::gaussian_weight(a, t);
    for (int n = 0; n < a.batch; n++) {
        const float* image = saliency + n * cells;
        valid[n] = std::all_of(image, image + cells, [](float v) { return lzu::is_weight(v); });
        for (int i = 0; i < nodes; i++) marginals[i] = lzu::marginal(a, image, i);
        // Without any saliency: that of a uniform map.
        if (!std::any_of(marginals, marginals + nodes, [](double s) { return s > 0; }))
            std::fill(marginals, marginals + nodes, 1.0);
        for (int i = 0; i < nodes; i++) {
            moved[i] = lzu::attracted_knot(a, gaussian, marginals, i);
            if (knots) knots[static_cast<int64_t>(n) * nodes + i] = static_cast<float>(moved[i]);
        }
        for (int k = 0; k < table_count; k++)
            for (int i = 0; i < tables[k].count; i++) lzu::write_axis(a, tables[k], moved, n, i);
    }
    return LZU_OK;
}

// Host loop of the kernel density.
#include <algorithm>
#include <numeric>
#include <vector>

#include "elements/density.h"

int32_t lzu_kernel_density_f32(const lzu_density* args, const float* boxes, float* output, int32_t* valid) {
    if (lzu::check(args) != LZU_OK || !output || !valid || (!boxes && args->boxes > 0)) return LZU_BAD_ARGUMENT;
    const lzu_density a = *args;
    const int nodes = a.width + a.height;
    std::vector<double> map(static_cast<size_t>(a.width) * static_cast<size_t>(a.height)),
        profiles(static_cast<size_t>(nodes));
    bool any = false;
    *valid = 1;
    for (int b = 0; b < a.boxes; b++) {
        const lzu::DensityBox box = lzu::density_box(a, boxes, b);
        if (!box.finite) *valid = 0;
        if (!box.kept) continue;
        any = true;
        for (int i = 0; i < nodes; i++) profiles[static_cast<size_t>(i)] = lzu::box_profile(a, box, i);
        const auto split = profiles.begin() + a.width;
        const double share = lzu::box_share(a, std::accumulate(profiles.begin(), split, 0.0),
                                            std::accumulate(split, profiles.end(), 0.0));
        for (int i = 0; i < a.height; i++)
            for (int j = 0; j < a.width; j++)
                map[static_cast<size_t>(i * a.width + j)] += lzu::box_term(a, share, profiles.data(), i, j);
    }
    if (!any) std::fill(map.begin(), map.end(), 1.0);
    double total = std::accumulate(map.begin(), map.end(), 0.0);
    // No floor, and every Gaussian is lost between the nodes.
    if (!(total > 0)) {
        std::fill(map.begin(), map.end(), 1.0);
        total = static_cast<double>(map.size());
    }
    std::transform(map.begin(), map.end(), output, [=](double v) { return static_cast<float>(v / total); });
    return LZU_OK;
}

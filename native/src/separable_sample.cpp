// Host loops of the separable samplers.
#include "elements/separable.h"

namespace {

template <typename Value>
void sample(const lzu_level& a) {
    const int rows = a.batch * a.out_height, lanes = static_cast<int>(lzu::lanes(a));
    for (int row = 0; row < rows; row++)
        for (int lane = 0; lane < lanes; lane++) lzu::sample_lane<Value>(a, row, lane);
}

}  // namespace

int32_t lzu_unzoom_levels_f32(const lzu_level* levels, int32_t count) {
    if (lzu::check(levels, count) != LZU_OK) return LZU_BAD_ARGUMENT;
    for (int k = 0; k < count; k++) {
        if (lzu::by_fours(levels[k]))
            sample<lzu::Four>(levels[k]);
        else
            sample<float>(levels[k]);
    }
    return LZU_OK;
}

int32_t lzu_separable_sample_f32(const lzu_level* level) { return lzu_unzoom_levels_f32(level, 1); }

int32_t lzu_zoom_u8(const lzu_picture* picture, const uint8_t* pixels, const float* xs, const float* ys,
                    float* output) {
    if (lzu::check(picture) != LZU_OK || !pixels || !xs || !ys || !output) return LZU_BAD_ARGUMENT;
    for (int i = 0; i < picture->out_height; i++)
        for (int j = 0; j < picture->out_width; j++) lzu::picture_pixel(*picture, pixels, xs, ys, output, i, j);
    return LZU_OK;
}

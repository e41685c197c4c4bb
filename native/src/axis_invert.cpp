// Host loop of the separable inversion.
#include "elements/inversion.h"

int32_t lzu_axis_invert_f32(const lzu_axis_table* table, int32_t batch, int32_t knot_count, const float* knots,
                            int32_t count, float* output) {
    if (!table || !knots || !output || batch < 0 || knot_count < 2 || count < 0) return LZU_BAD_ARGUMENT;
    for (int64_t n = 0; n < batch; n++)
        for (int i = 0; i < count; i++)
            output[n * count + i] = lzu::invert_entry(*table, knots + n * knot_count, knot_count, i);
    return LZU_OK;
}

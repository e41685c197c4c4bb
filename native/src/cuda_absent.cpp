// What the CUDA functions answer in a library built without CUDA, so that the ABI is the same everywhere.
#include "lzu_native.h"

int32_t lzu_has_cuda(void) { return 0; }

int32_t lzu_cuda_grid_sample_f32(const lzu_grid_sample_args*, const float*, const float*, float*, void*) {
    return LZU_NO_CUDA;
}

int32_t lzu_cuda_grid_sample_backward_f32(const lzu_grid_sample_args*, const float*, const float*, const float*, float*,
                                          float*, void*) {
    return LZU_NO_CUDA;
}

int32_t lzu_cuda_axis_invert_f32(const lzu_axis_table*, int32_t, int32_t, const float*, int32_t, float*, void*) {
    return LZU_NO_CUDA;
}

int32_t lzu_cuda_separable_sample_f32(const lzu_level*, void*) { return LZU_NO_CUDA; }

int32_t lzu_cuda_unzoom_levels_f32(const lzu_level*, int32_t, void*) { return LZU_NO_CUDA; }

int32_t lzu_cuda_zoom_u8(const lzu_picture*, const uint8_t*, const float*, const float*, float*, void*) {
    return LZU_NO_CUDA;
}

int32_t lzu_cuda_attraction_axes_f32(const lzu_attraction*, const float*, float*, const lzu_axis_output*, int32_t,
                                     int32_t*, void*) {
    return LZU_NO_CUDA;
}

int32_t lzu_cuda_kernel_density_f32(const lzu_density*, const float*, float*, int32_t*, void*) { return LZU_NO_CUDA; }

int32_t lzu_cuda_plane_invert_f32(const lzu_plane*, const float*, float*, void*) { return LZU_NO_CUDA; }

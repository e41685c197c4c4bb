/* lzu_native: the warp kernels of LzuCore as a C library.
 *
 * Images lie channels-last, [batch][height][width][channels]; grids are [batch][out_height][out_width][2], (x, y) in
 * [-1, 1]. All buffers are dense float32. Functions named lzu_cuda_* take device pointers and a cudaStream_t, return
 * before the work is done, and answer LZU_NO_CUDA in a library built without CUDA; the others take host pointers.
 * Results are the same bits on every run: no function uses atomics. */
#ifndef LZU_NATIVE_H
#define LZU_NATIVE_H

#include <stdint.h>

#if defined(_WIN32)
#if defined(LZU_BUILDING)
#define LZU_API __declspec(dllexport)
#else
#define LZU_API __declspec(dllimport)
#endif
#else
#define LZU_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a structure or a function changes. */
#define LZU_ABI_VERSION 1

enum lzu_status {
    LZU_OK = 0,
    LZU_BAD_ARGUMENT = 1, /* a null pointer, a negative size, an unknown mode, an empty image */
    LZU_NO_CUDA = 2,      /* built without CUDA */
    LZU_CUDA_ERROR = 3    /* CUDA refused the launch */
};

enum lzu_sampling { LZU_BILINEAR = 0, LZU_NEAREST = 1 };

enum lzu_padding { LZU_ZEROS = 0, LZU_BORDER = 1, LZU_REFLECTION = 2 };

/* Sizes and options of grid_sample. height and width are at least 1. */
typedef struct lzu_grid_sample_args {
    int32_t batch, channels, height, width, out_height, out_width;
    int32_t sampling, padding, align_corners;
} lzu_grid_sample_args;

/* Where the entries of a table along one axis lie, and in which unit it is written. Entry i stands for the pixel
 * p = stride * i + offset of an axis whose first and last pixel centres are 0 and extent. A result r in [0, 1] is
 * written as out_scale * (index_scale * r + index_shift) + out_shift; where there is none, fill is. Beyond the axis
 * (p > extent: padding) the index is i itself. */
typedef struct lzu_axis_table {
    double stride, offset, extent, index_scale, index_shift, out_scale, out_shift, fill;
} lzu_axis_table;

/* LZU_ABI_VERSION of the library that was loaded. */
LZU_API int32_t lzu_abi_version(void);

/* 1 when the library was built with CUDA. */
LZU_API int32_t lzu_has_cuda(void);

/* output[n, i, j, :] = input[n] interpolated at grid[n, i, j]. */
LZU_API int32_t lzu_grid_sample_f32(const lzu_grid_sample_args* args, const float* input, const float* grid,
                                    float* output);

/* The gradients that are wanted (null: not wanted); both overwrite. */
LZU_API int32_t lzu_grid_sample_backward_f32(const lzu_grid_sample_args* args, const float* input, const float* grid,
                                             const float* d_output, float* d_input, float* d_grid);

/* output[n, i] = the parameter that the piecewise linear map through knots [batch][knot_count] takes to entry i.
 * Knots ascend from about -1 to about 1; at least two. Zero-width tiles are skipped. */
LZU_API int32_t lzu_axis_invert_f32(const lzu_axis_table* table, int32_t batch, int32_t knot_count, const float* knots,
                                    int32_t count, float* output);

LZU_API int32_t lzu_cuda_grid_sample_f32(const lzu_grid_sample_args* args, const float* input, const float* grid,
                                         float* output, void* stream);

LZU_API int32_t lzu_cuda_grid_sample_backward_f32(const lzu_grid_sample_args* args, const float* input,
                                                  const float* grid, const float* d_output, float* d_input,
                                                  float* d_grid, void* stream);

LZU_API int32_t lzu_cuda_axis_invert_f32(const lzu_axis_table* table, int32_t batch, int32_t knot_count,
                                         const float* knots, int32_t count, float* output, void* stream);

#ifdef __cplusplus
}
#endif

#endif

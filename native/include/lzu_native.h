/* lzu_native: the warp kernels of LzuCore as a C library.
 *
 * Images lie channels-last, [batch][height][width][channels]; grids are [batch][out_height][out_width][2], (x, y) in
 * [-1, 1]. All buffers are dense float32. Functions named lzu_cuda_* take device pointers and a cudaStream_t, return
 * before the work is done, and answer LZU_NO_CUDA in a library built without CUDA; the others take host pointers.
 * Structures, and arrays of structures, always lie in host memory; the pointers inside them follow the function.
 * Results are the same bits on every run: sums have one order, and where threads meet they take the least integer. */
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
#define LZU_ABI_VERSION 2

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

/* One image batch sampled at the product of two coordinate tables: output[n, i, j, :] = input[n] at (xs[n, j], ys[n,
 * i]), pixel indices. padding is LZU_ZEROS or LZU_BORDER. The tables of two images lie xs_stride and ys_stride elements
 * apart; 0 shares one. NaN is outside with zeros, index 0 with border. height and width are at least 1. */
typedef struct lzu_level {
    const float *input, *xs, *ys;
    float* output;
    int32_t batch, channels, height, width, out_height, out_width;
    int32_t padding, xs_stride, ys_stride, reserved; /* reserved: 0 */
} lzu_level;

#define LZU_MAX_LEVELS 8

/* A picture of bytes sampled as lzu_level does, of pixel * scale + shift; outside is 0 after scaling. */
typedef struct lzu_picture {
    int32_t height, width, out_height, out_width, padding;
    float scale[3], shift[3];
} lzu_picture;

/* Saliency to knots: every node moves to the Gaussian-weighted mean position of the saliency around it. */
typedef struct lzu_attraction {
    double fwhm; /* full width at half maximum in grid cells; positive */
    int32_t batch, height, width;
    int32_t anti_crop; /* mirror the saliency about the end nodes, which then stay at -1 and 1 */
} lzu_attraction;

enum lzu_table_kind { LZU_EVALUATE = 0, LZU_INVERT = 1 };

/* A table wanted of the knots of one axis: output [batch][count] holds the map, or its inverse, at the table's entries.
 */
typedef struct lzu_axis_output {
    lzu_axis_table table;
    float* output;
    int32_t count, axis;    /* axis: 0 is x, 1 is y */
    int32_t kind, reserved; /* kind: lzu_table_kind; reserved: 0 */
} lzu_axis_output;

/* Enough for a zoom and eight levels on both axes. */
#define LZU_MAX_TABLES 18

/* Boxes to saliency: one Gaussian of variance bandwidth * side per box, normalised to the mass amplitude, on a floor.
 * Nodes span the image, both ends included. */
typedef struct lzu_density {
    double image_height, image_width; /* pixels */
    double amplitude, bandwidth, floor;
    int32_t boxes, box_stride; /* box_stride: elements between two boxes, at least 4 */
    int32_t height, width;     /* of the map; at least 2 */
} lzu_density;

/* A piecewise bilinear map through nodes [batch][rows][columns][2], inverted at [batch][out_height][out_width]. */
typedef struct lzu_plane {
    lzu_axis_table x, y;
    int32_t batch, rows, columns;            /* rows and columns: at least 2 */
    int32_t out_height, out_width, reserved; /* reserved: 0 */
} lzu_plane;

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

LZU_API int32_t lzu_separable_sample_f32(const lzu_level* level);

/* At most LZU_MAX_LEVELS levels, in one launch. */
LZU_API int32_t lzu_unzoom_levels_f32(const lzu_level* levels, int32_t count);

/* pixels [height][width][3], xs [out_width], ys [out_height], output [out_height][out_width][3]. */
LZU_API int32_t lzu_zoom_u8(const lzu_picture* picture, const uint8_t* pixels, const float* xs, const float* ys,
                            float* output);

/* saliency [batch][height][width] to knots [batch][width + height], x first, and to at most LZU_MAX_TABLES tables made
 * of them before they are rounded to float32. knots may be null. valid [batch] becomes 0 where a weight is negative or
 * not finite; the results for that image are then meaningless. Without any saliency the map is the identity. */
LZU_API int32_t lzu_attraction_axes_f32(const lzu_attraction* args, const float* saliency, float* knots,
                                        const lzu_axis_output* tables, int32_t table_count, int32_t* valid);

/* boxes [boxes][box_stride]: left, top, right, bottom; output [height][width] sums to 1. Sides count as at least one
 * pixel; inverted boxes and such as do not touch the image are ignored; without boxes the map is uniform. valid [1]
 * becomes 0 where a coordinate is not finite; the map is then meaningless. */
LZU_API int32_t lzu_kernel_density_f32(const lzu_density* args, const float* boxes, float* output, int32_t* valid);

/* output[n, i, j] = the (x, y) parameter that the map takes to entry i of y and j of x. Of several tiles that cover an
 * entry the first in row-major order wins; a tile takes parameters up to 1e-6 outside [0, 1]; tiles of either
 * orientation count, flat ones do not. Border nodes within 1e-5 of -1 and 1 count as exact. */
LZU_API int32_t lzu_plane_invert_f32(const lzu_plane* args, const float* nodes, float* output);

LZU_API int32_t lzu_cuda_grid_sample_f32(const lzu_grid_sample_args* args, const float* input, const float* grid,
                                         float* output, void* stream);

LZU_API int32_t lzu_cuda_grid_sample_backward_f32(const lzu_grid_sample_args* args, const float* input,
                                                  const float* grid, const float* d_output, float* d_input,
                                                  float* d_grid, void* stream);

LZU_API int32_t lzu_cuda_axis_invert_f32(const lzu_axis_table* table, int32_t batch, int32_t knot_count,
                                         const float* knots, int32_t count, float* output, void* stream);

LZU_API int32_t lzu_cuda_separable_sample_f32(const lzu_level* level, void* stream);

LZU_API int32_t lzu_cuda_unzoom_levels_f32(const lzu_level* levels, int32_t count, void* stream);

LZU_API int32_t lzu_cuda_zoom_u8(const lzu_picture* picture, const uint8_t* pixels, const float* xs, const float* ys,
                                 float* output, void* stream);

/* One block an image; the tables in shared memory: LZU_CUDA_ERROR where they do not fit (beyond about 1000 nodes an
 * axis on any GPU). */
LZU_API int32_t lzu_cuda_attraction_axes_f32(const lzu_attraction* args, const float* saliency, float* knots,
                                             const lzu_axis_output* tables, int32_t table_count, int32_t* valid,
                                             void* stream);

/* One block; the map in shared memory: LZU_CUDA_ERROR where it does not fit (beyond about 2500 nodes on any GPU, 13000
 * on an A100 or later). */
LZU_API int32_t lzu_cuda_kernel_density_f32(const lzu_density* args, const float* boxes, float* output, int32_t* valid,
                                            void* stream);

LZU_API int32_t lzu_cuda_plane_invert_f32(const lzu_plane* args, const float* nodes, float* output, void* stream);

#ifdef __cplusplus
}
#endif

#endif

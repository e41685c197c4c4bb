// Expectations that print what failed and count it.
#ifndef LZU_TESTS_EXPECT_H
#define LZU_TESTS_EXPECT_H

#include <cmath>
#include <cstdio>
#include <vector>

#include "lzu_native.h"

inline int failures = 0;

inline void expect(bool condition, const char* what) {
    if (condition) return;
    std::printf("FAILED: %s\n", what);
    failures++;
}

inline void expect_near(double got, double wanted, double tolerance, const char* what) {
    if (std::fabs(got - wanted) <= tolerance) return;
    std::printf("FAILED: %s: %.9g, wanted %.9g\n", what, got, wanted);
    failures++;
}

// Waves between -1 and 1.
inline std::vector<float> numbers(size_t count, double step) {
    std::vector<float> v(count);
    for (size_t i = 0; i < count; i++) v[i] = static_cast<float>(std::sin(1 + step * static_cast<double>(i)));
    return v;
}

// Table of normalised parameters over `count` pixels.
inline lzu_axis_table table_of(int count) { return {1, 0, static_cast<double>(count - 1), 1, 0, 2, -1, 3}; }

// Table of pixel indices of a feature level, as unzooming wants it.
inline lzu_axis_table level_table(int stride, int size) {
    const double s = stride, offset = (s - 1) / 2, extent = size - 1;
    return {s, offset, extent, extent / s, -offset / s, 1, 0, -2};
}

void warp_tests();

// Every lzu_cuda_* function against its twin on the host. False where there is no CUDA device.
bool cuda_tests();

#endif

// What every launch shares. Included by .cu files only.
#ifndef LZU_CUDA_LAUNCH_H
#define LZU_CUDA_LAUNCH_H

#include <cstdint>

#include "lzu_native.h"

namespace lzu {

constexpr int kThreads = 256;

inline unsigned blocks(int64_t count) { return static_cast<unsigned>((count + kThreads - 1) / kThreads); }

inline int32_t launched() { return cudaGetLastError() == cudaSuccess ? LZU_OK : LZU_CUDA_ERROR; }

// Every GPU gives a block 48 KB of shared memory, static and dynamic together; more has to be asked for.
template <typename Kernel>
bool reserve_shared(Kernel kernel, size_t bytes) {
    if (bytes <= 47 * 1024) return true;
    const cudaError_t status =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes));
    // A refusal must not turn up as the error of a later launch.
    if (status != cudaSuccess) cudaGetLastError();
    return status == cudaSuccess;
}

}  // namespace lzu

#endif

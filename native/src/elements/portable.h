// Marks element functions: the same source runs in the host loops of the .cpp files and in the kernels of the .cu file.
#ifndef LZU_ELEMENTS_PORTABLE_H
#define LZU_ELEMENTS_PORTABLE_H

#ifdef __CUDACC__
#define LZU_HD __host__ __device__ inline
#else
#define LZU_HD inline
#endif

#endif

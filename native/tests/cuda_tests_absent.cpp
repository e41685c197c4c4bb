// In a build without CUDA.
#include "expect.h"

bool cuda_tests() { return false; }

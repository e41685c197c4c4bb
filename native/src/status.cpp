#include "lzu_native.h"

int32_t lzu_abi_version(void) { return LZU_ABI_VERSION; }

/* Copies and fills. The compiler's own memcpy and memset: a few bytes become a few instructions
 * where a freestanding build would call the library for them. */
#ifndef FORGE_KERNELS_BYTES_H
#define FORGE_KERNELS_BYTES_H

#include <stddef.h>

#include "kernels/fixed_point.h"

/* Returns where the copy ends. The two may not overlap. */
FORGE_INLINE int8_t *forge_copy_bytes(int8_t *output, const int8_t *input, int count) {
  __builtin_memcpy(output, input, (size_t)count);
  return output + count;
}

/* Returns where the filled bytes end. */
FORGE_INLINE int8_t *forge_fill_bytes(int8_t *output, int value, int count) {
  __builtin_memset(output, value, (size_t)count);
  return output + count;
}

#endif

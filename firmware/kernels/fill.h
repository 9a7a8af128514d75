/* FILL and ZEROS_LIKE: one value everywhere. */
#ifndef FORGE_KERNELS_FILL_H
#define FORGE_KERNELS_FILL_H

#include "kernels/bytes.h"

/* count values of itemsize bytes. */
typedef struct {
  int count, itemsize;
} forge_fill;

FORGE_INLINE void forge_fill_run(const forge_fill *c, const int8_t *value, int8_t *output) {
  for (int i = 0; i < c->count; ++i) output = forge_copy_bytes(output, value, c->itemsize);
}

/* Zeros, which are not the real 0 of every quantization. The output may lie over the input, of which
 * only the shape counts. */
FORGE_INLINE void forge_fill_zeros(const forge_fill *c, const int8_t *input, int8_t *output) {
  (void)input;
  forge_fill_bytes(output, 0, c->count * c->itemsize);
}

#endif

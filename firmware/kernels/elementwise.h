/* Operators that map each value by itself, through a table of all 256 results.
 * The output may lie over the input. */
#ifndef FORGE_KERNELS_ELEMENTWISE_H
#define FORGE_KERNELS_ELEMENTWISE_H

#include "kernels/fixed_point.h"

/* table[q + 128] is the result for input q. */
typedef struct {
  int size;
  const int8_t *table;
} forge_lookup;

FORGE_INLINE void forge_lookup_run(const forge_lookup *c, const int8_t *input, int8_t *output) {
  for (int i = 0; i < c->size; ++i) output[i] = c->table[input[i] + 128];
}

#endif

/* GATHER and EMBEDDING_LOOKUP of indices that an inference computes. */
#ifndef FORGE_KERNELS_GATHER_H
#define FORGE_KERNELS_GATHER_H

#include "kernels/bytes.h"
#include "kernels/plain.h"

/* outer stretches of count slices of run bytes; indices: how many of each stretch are taken. */
typedef struct {
  int outer, count, indices;
  int run;
} forge_gather;

/* An index that there is not reads the nearest one: the interpreter would read past the tensor. */
FORGE_INLINE void forge_gather_run(const forge_gather *c, const int8_t *input,
                                   const int8_t *index_bytes, int8_t *output) {
  const forge_i32 *index = (const forge_i32 *)(const void *)index_bytes;
  for (int i = 0; i < c->outer; ++i, input += c->count * c->run) {
    for (int k = 0; k < c->indices; ++k) {
      const int at = index[k] < 0 ? 0 : index[k] < c->count ? index[k] : c->count - 1;
      output = forge_copy_bytes(output, input + at * c->run, c->run);
    }
  }
}

#endif

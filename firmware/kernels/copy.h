/* SLICE, STRIDED_SLICE, TRANSPOSE, SPACE_TO_DEPTH and DEPTH_TO_SPACE: the output's bytes in their
 * order, gathered from a walk over the input in up to five dimensions. */
#ifndef FORGE_KERNELS_COPY_H
#define FORGE_KERNELS_COPY_H

#include "kernels/bytes.h"

/* start: where in the input the walk begins. step: bytes to go in each dimension, outermost first;
 * may be negative. run: bytes that lie together, in the input as in the output, at each place. */
typedef struct {
  int start;
  int size[5], step[5];
  int run;
} forge_copy;

FORGE_INLINE void forge_copy_run(const forge_copy *c, const int8_t *input, int8_t *output) {
  const int *s = c->step;
  for (int i = 0; i < c->size[0]; ++i) {
    for (int j = 0; j < c->size[1]; ++j) {
      for (int k = 0; k < c->size[2]; ++k) {
        for (int l = 0; l < c->size[3]; ++l) {
          const int begin = c->start + i * s[0] + j * s[1] + k * s[2] + l * s[3];
          for (int m = 0; m < c->size[4]; ++m, output += c->run) {
            forge_copy_bytes(output, input + begin + m * s[4], c->run);
          }
        }
      }
    }
  }
}

#endif

/* ARG_MAX and ARG_MIN: where along a dimension the greatest or the least int8 value is, the first
 * of several. */
#ifndef FORGE_KERNELS_ARG_H
#define FORGE_KERNELS_ARG_H

#include "kernels/fixed_point.h"
#include "kernels/plain.h"

/* A dimension of count values that lie step apart, outer times step of them. sign: 1 for the
 * greatest, -1 for the least. */
typedef struct {
  int outer, count, step;
  int sign;
} forge_arg;

FORGE_INLINE void forge_arg_run(const forge_arg *c, const int8_t *input, int8_t *output_bytes) {
  forge_i32 *output = (forge_i32 *)(void *)output_bytes;
  for (int i = 0; i < c->outer; ++i, input += c->count * c->step) {
    for (int k = 0; k < c->step; ++k) {
      int best = 0;
      for (int n = 1; n < c->count; ++n) {
        const int value = input[n * c->step + k], most = input[best * c->step + k];
        if (value * c->sign > most * c->sign) best = n;
      }
      *output++ = best;
    }
  }
}

#endif

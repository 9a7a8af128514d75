/* L2_NORMALIZATION: every pixel's channels as a vector of length 1, in steps of 1/128.
 * The output may lie over the input. */
#ifndef FORGE_KERNELS_L2_NORMALIZATION_H
#define FORGE_KERNELS_L2_NORMALIZATION_H

#include "kernels/inverse_root.h"

typedef struct {
  int pixels, channels;
  int zero_point;
} forge_l2_normalization;

FORGE_INLINE void forge_l2_normalization_run(const forge_l2_normalization *c, const int8_t *input,
                                             int8_t *output) {
  for (int i = 0; i < c->pixels; ++i, input += c->channels, output += c->channels) {
    int32_t sum = 0;
    for (int k = 0; k < c->channels; ++k) {
      const int32_t x = input[k] - c->zero_point;
      sum += x * x;
    }
    const forge_factor length = forge_inverse_square_root(sum);
    for (int k = 0; k < c->channels; ++k) {
      const int32_t x = input[k] - c->zero_point;
      output[k] = forge_clamp(forge_requantize(x, length.multiplier, length.shift + 7), -128, 127);
    }
  }
}

#endif

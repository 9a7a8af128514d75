/* L2_NORMALIZATION: every pixel's channels as a vector of length 1, in steps of 1/128.
 * The output may lie over the input. */
#ifndef FORGE_KERNELS_L2_NORMALIZATION_H
#define FORGE_KERNELS_L2_NORMALIZATION_H

#include "kernels/reciprocal.h"

typedef struct {
  int pixels, channels;
  int zero_point;
} forge_l2_normalization;

/* 1 / sqrt(x) for x >= 0, as multiplier and shift of forge_requantize; 1 for 0. */
typedef struct {
  int32_t multiplier;
  int shift;
} forge_factor;

static inline forge_factor forge_inverse_square_root(int32_t x) {
  if (x <= 1) return (forge_factor){INT32_MAX, 0};
  int right = 11;
  for (; x >= 1 << 29; x /= 4) ++right;
  const int pairs = (__builtin_clz((uint32_t)x) - 1) / 2 - 1;
  right -= pairs;
  const int32_t half = forge_rounding_divide_by_pot((x << (2 * pairs)) >> 1, 1);
  int32_t root = 1 << 28; /* Q3; five Newton-Raphson steps from 1 */
  for (int i = 0; i < 5; ++i) {
    const int32_t square = forge_doubling_high_mul(root, root);
    const int32_t cube = forge_saturating_left_shift(forge_doubling_high_mul(square, root), 6);
    root = forge_saturating_left_shift(forge_doubling_high_mul((1 << 28) + (1 << 27), root) -
                                           forge_doubling_high_mul(half, cube), 3);
  }
  root = forge_doubling_high_mul(root, 1518500250); /* sqrt(1/2) */
  if (right < 0) return (forge_factor){(int32_t)((uint32_t)root << -right), 0};
  return (forge_factor){root, -right};
}

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

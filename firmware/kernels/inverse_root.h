/* Reciprocals of square roots in the interpreter's fixed-point arithmetic.
 * Source: GetInvSqrtQuantizedMultiplierExp of TensorFlow Lite's kernels/internal/common.h. */
#ifndef FORGE_KERNELS_INVERSE_ROOT_H
#define FORGE_KERNELS_INVERSE_ROOT_H

#include "kernels/reciprocal.h"

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

#endif

/* Reciprocals in the interpreter's fixed-point arithmetic.
 * Source of every constant: gemmlowp fixedpoint/fixedpoint.h. */
#ifndef FORGE_KERNELS_RECIPROCAL_H
#define FORGE_KERNELS_RECIPROCAL_H

#include "kernels/fixed_point.h"

/* x * 2^exponent, saturated. */
FORGE_INLINE int32_t forge_saturating_left_shift(int32_t x, int exponent) {
  const int32_t limit = INT32_MAX >> exponent;
  return x > limit ? INT32_MAX : x < -limit - 1 ? INT32_MIN : x * (1 << exponent);
}

/* 1 / (1 + a) for a in [0, 1), Q0 to Q0: three Newton-Raphson steps. */
static inline int32_t forge_one_over_one_plus(int32_t a) {
  const int32_t half_denominator = (int32_t)(((int64_t)a + INT32_MAX + 1) >> 1);
  int32_t x = 1515870810 + forge_doubling_high_mul(half_denominator, -1010580540); /* Q2 */
  for (int i = 0; i < 3; ++i) {
    const int32_t error = (1 << 29) - forge_doubling_high_mul(half_denominator, x);
    x += forge_saturating_left_shift(forge_doubling_high_mul(x, error), 2);
  }
  return forge_saturating_left_shift(x, 1);
}

#endif

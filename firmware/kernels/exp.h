/* The exponential function in the interpreter's fixed-point arithmetic.
 * Source of every constant: gemmlowp fixedpoint/fixedpoint.h. */
#ifndef FORGE_KERNELS_EXP_H
#define FORGE_KERNELS_EXP_H

#include "kernels/fixed_point.h"

/* exp(a) for -1/4 <= a < 0, Q0 to Q0: a Taylor expansion around -1/8. */
FORGE_INLINE int32_t forge_exp_small(int32_t a) {
  const int32_t exp_minus_eighth = 1895147668;
  const int32_t third = 715827883;
  const int32_t x = a + (1 << 28);
  const int32_t x2 = forge_doubling_high_mul(x, x);
  const int32_t x3 = forge_doubling_high_mul(x2, x);
  const int32_t x4 = forge_doubling_high_mul(x2, x2);
  const int32_t x4_over_4 = forge_rounding_divide_by_pot(x4, 2);
  const int32_t tail = forge_rounding_divide_by_pot(
      forge_doubling_high_mul(x4_over_4 + x3, third) + x2, 1);
  return exp_minus_eighth + forge_doubling_high_mul(x + tail, exp_minus_eighth);
}

/* exp(a) for a <= 0, Q5 to Q0: exp of the part below 1/4, times exp of each bit above. */
static inline int32_t forge_exp(int32_t a) {
  static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                    39332535,   720401,     242}; /* exp(-1/4), ... exp(-16) */
  const int32_t quarter = 1 << 24;
  const int32_t below = (a & (quarter - 1)) - quarter;
  if (a == 0) return INT32_MAX;
  int32_t result = forge_exp_small(below * 32);
  uint32_t above = (uint32_t)(below - a) >> 24;
  for (const int32_t *factor = factors; above != 0; above >>= 1, ++factor) {
    if (above & 1) result = forge_doubling_high_mul(result, *factor);
  }
  return result;
}

#endif

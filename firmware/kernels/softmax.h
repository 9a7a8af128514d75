/* SOFTMAX over rows of classes, in the interpreter's fixed-point arithmetic.
 * The output may lie over the input. Source of every constant: gemmlowp fixedpoint/fixedpoint.h. */
#ifndef FORGE_KERNELS_SOFTMAX_H
#define FORGE_KERNELS_SOFTMAX_H

#include "kernels/fixed_point.h"

/* Differences to the row's maximum below smallest_difference count as exp(-infinity). */
typedef struct {
  int rows, classes;
  int32_t multiplier;
  int left_shift;
  int smallest_difference;
} forge_softmax;

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
  const int32_t above = below - a;
  for (int i = 0; i < 7; ++i) {
    if (above & (quarter << i)) result = forge_doubling_high_mul(result, factors[i]);
  }
  return result;
}

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

/* exp(value - most) as Q0; only for differences that count. */
FORGE_INLINE int32_t forge_softmax_exp(const forge_softmax *c, int32_t difference) {
  const int32_t shifted = (int32_t)((uint32_t)difference << c->left_shift);
  return forge_exp(forge_doubling_high_mul(shifted, c->multiplier));
}

FORGE_INLINE void forge_softmax_row(const forge_softmax *c, const int8_t *input, int8_t *output) {
  int32_t most = INT8_MIN;
  for (int i = 0; i < c->classes; ++i) {
    if (input[i] > most) most = input[i];
  }
  int32_t sum = 0; /* Q12 */
  for (int i = 0; i < c->classes; ++i) {
    const int32_t difference = input[i] - most;
    if (difference < c->smallest_difference) continue;
    sum += forge_rounding_divide_by_pot(forge_softmax_exp(c, difference), 12);
  }
  const int headroom = __builtin_clz((uint32_t)sum);
  const int32_t fraction = (int32_t)(((uint32_t)sum << headroom) - (1u << 31));
  const int32_t reciprocal = forge_one_over_one_plus(fraction);
  const int exponent = 12 - headroom + 31 - 8;
  /* From an exponent of 32 on, every probability is below 1/512. The interpreter aborts there. */
  const int all_round_to_zero = exponent > 31;
  for (int i = 0; i < c->classes; ++i) {
    const int32_t difference = input[i] - most;
    if (all_round_to_zero || difference < c->smallest_difference) {
      output[i] = INT8_MIN;
      continue;
    }
    const int32_t value = forge_doubling_high_mul(reciprocal, forge_softmax_exp(c, difference));
    output[i] = forge_clamp(forge_rounding_divide_by_pot(value, exponent) - 128, -128, 127);
  }
}

FORGE_INLINE void forge_softmax_run(const forge_softmax *c, const int8_t *input, int8_t *output) {
  for (int row = 0; row < c->rows; ++row) {
    forge_softmax_row(c, input, output);
    input += c->classes;
    output += c->classes;
  }
}

#endif

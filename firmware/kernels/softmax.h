/* SOFTMAX over rows of classes, in the interpreter's fixed-point arithmetic.
 * The output may lie over the input. */
#ifndef FORGE_KERNELS_SOFTMAX_H
#define FORGE_KERNELS_SOFTMAX_H

#include "kernels/exp.h"
#include "kernels/reciprocal.h"

/* A row of so many classes is kept as exponentials, for which there is room on the stack. Of more,
 * they are computed twice. */
#define FORGE_SOFTMAX_KEPT 16

/* Differences to the row's maximum below smallest_difference count as exp(-infinity). */
typedef struct {
  int rows, classes;
  int32_t multiplier;
  int left_shift;
  int smallest_difference;
} forge_softmax;

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
  const int keeps = c->classes <= FORGE_SOFTMAX_KEPT;
  int32_t kept[FORGE_SOFTMAX_KEPT];
  int32_t sum = 0; /* Q12 */
  for (int i = 0; i < c->classes; ++i) {
    const int32_t difference = input[i] - most;
    if (difference < c->smallest_difference) continue;
    const int32_t power = forge_softmax_exp(c, difference);
    if (keeps) kept[i] = power;
    sum += forge_rounding_divide_by_pot(power, 12);
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
    const int32_t power = keeps ? kept[i] : forge_softmax_exp(c, difference);
    const int32_t value = forge_doubling_high_mul(reciprocal, power);
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

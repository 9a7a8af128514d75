/* LOG_SOFTMAX over rows of classes, in the interpreter's fixed-point arithmetic.
 * The output may lie over the input. */
#ifndef FORGE_KERNELS_LOG_SOFTMAX_H
#define FORGE_KERNELS_LOG_SOFTMAX_H

#include "kernels/exp.h"
#include "kernels/reciprocal.h"

/* multiplier, shift: from values to Q5; reverse: back. Differences to the row's maximum below
 * smallest_difference count as exp(-infinity). */
typedef struct {
  int rows, classes;
  int32_t multiplier, reverse_multiplier;
  int shift, reverse_shift;
  int smallest_difference;
} forge_log_softmax;

/* log(x) for x >= 1, Q12 to Q5: of a power of two, or one times sqrt(2), and a rational function
 * of the rest. Source of every constant: TensorFlow Lite's kernels/internal/common.h. */
static inline int32_t forge_log(int32_t x) {
  const int32_t half_sqrt_2 = 1518500250, sqrt_sqrt_half = 1805811301;
  const int zeros = __builtin_clz((uint32_t)x);
  const int32_t whole = forge_saturating_left_shift(x, zeros - 1);
  const int32_t first = forge_saturating_left_shift(forge_doubling_high_mul(whole, half_sqrt_2), 1);
  const int32_t first_power = (12 - zeros) * (1 << 25) + (1 << 23); /* Q6, as all sums are */
  const int headroom = __builtin_clz((uint32_t)forge_doubling_high_mul(x, half_sqrt_2)) - 1;
  const int32_t second = forge_saturating_left_shift(x, headroom);
  const int32_t second_power = (12 - headroom) * (1 << 25) - (1 << 23);
  const int32_t power = first_power > second_power ? first_power : second_power;
  const int32_t rest = first < second ? first : second;

  const int32_t p = (int32_t)(((int64_t)rest + sqrt_sqrt_half + 1) >> 1);
  const int32_t q = 2 * (rest - sqrt_sqrt_half);
  const int32_t square = forge_doubling_high_mul(q, q);
  const int32_t cube = forge_doubling_high_mul(q, square);
  const int32_t numerator =
      forge_doubling_high_mul(q, rest) + forge_doubling_high_mul(cube, 117049297);
  const int32_t factor = 1057819769 + q + forge_doubling_high_mul(square, 127690142);
  const int32_t denominator =
      forge_doubling_high_mul(p, factor) + forge_doubling_high_mul(q, 638450708);
  const int32_t fraction = forge_doubling_high_mul(forge_rounding_divide_by_pot(numerator, 6),
                                                   forge_one_over_one_plus(denominator));
  const int32_t log_2 = 1488522236;
  return forge_saturating_left_shift(forge_doubling_high_mul(power, log_2) + fraction, 1);
}

FORGE_INLINE int32_t forge_log_softmax_q5(const forge_log_softmax *c, int32_t difference) {
  return forge_requantize(difference, c->multiplier, c->shift);
}

FORGE_INLINE void forge_log_softmax_row(const forge_log_softmax *c, const int8_t *input,
                                        int8_t *output) {
  int32_t most = INT8_MIN;
  for (int i = 0; i < c->classes; ++i) {
    if (input[i] > most) most = input[i];
  }
  int32_t sum = 0; /* Q12 */
  for (int i = 0; i < c->classes; ++i) {
    const int32_t difference = input[i] - most;
    if (difference < c->smallest_difference) continue;
    sum += forge_rounding_divide_by_pot(forge_exp(forge_log_softmax_q5(c, difference)), 12);
  }
  const int32_t logarithm = forge_log(sum);
  int32_t least =
      forge_requantize(logarithm + INT32_MIN, c->reverse_multiplier, c->reverse_shift);
  if (least < c->smallest_difference - 1) least = c->smallest_difference - 1;
  for (int i = 0; i < c->classes; ++i) {
    const int32_t difference = input[i] - most;
    const int32_t value = difference > least ? forge_log_softmax_q5(c, difference) - logarithm : 0;
    output[i] = difference > least
                    ? forge_clamp(forge_rounding_divide_by_pot(value, 22) + 127, -128, 127)
                    : INT8_MIN;
  }
}

FORGE_INLINE void forge_log_softmax_run(const forge_log_softmax *c, const int8_t *input,
                                        int8_t *output) {
  for (int row = 0; row < c->rows; ++row, input += c->classes, output += c->classes) {
    forge_log_softmax_row(c, input, output);
  }
}

#endif

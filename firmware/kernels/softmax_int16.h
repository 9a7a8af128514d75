/* SOFTMAX over rows of 16-bit classes, by tables of exp and of 1 / (1 + x), between whose values it
 * interpolates. The output may lie over the input. */
#ifndef FORGE_KERNELS_SOFTMAX_INT16_H
#define FORGE_KERNELS_SOFTMAX_INT16_H

#include "kernels/int16.h"

/* The factor makes differences to the row's maximum 1/65535ths of 10, as forge_requantize takes
 * it. exp: of -10 to 0, as Q0.15; reciprocal: 1 / (1 + x) for x of 0 to 1, as Q0.15; both 513. */
typedef struct {
  int rows, classes;
  int32_t multiplier;
  int shift;
  const int16_t *exp, *reciprocal;
} forge_softmax_i16;

/* A table's function of an int16 value. */
FORGE_INLINE int32_t forge_softmax_i16_look_up(const int16_t *table, int32_t value) {
  const int16_t *at = table + 256 + (value >> 7);
  return at[0] + (((at[1] - at[0]) * (value & 0x7f) + 64) >> 7);
}

/* exp(value - most) as Q0.15. */
FORGE_INLINE int32_t forge_softmax_i16_exp(const forge_softmax_i16 *c, int32_t difference) {
  const int32_t scaled = forge_requantize(difference, c->multiplier, c->shift) + INT16_MAX;
  return forge_softmax_i16_look_up(c->exp, forge_clamp_i16(scaled, INT16_MIN, INT16_MAX));
}

FORGE_INLINE void forge_softmax_i16_row(const forge_softmax_i16 *c, const forge_i16 *input,
                                        forge_i16 *output) {
  int32_t most = INT16_MIN;
  for (int i = 0; i < c->classes; ++i) {
    if (input[i] > most) most = input[i];
  }
  int32_t sum = 0; /* Q16.15 */
  for (int i = 0; i < c->classes; ++i) {
    output[i] = (int16_t)forge_softmax_i16_exp(c, input[i] - most);
    sum += output[i];
  }
  const int headroom = __builtin_clz((uint32_t)sum) - 1;
  const int32_t fraction = (int32_t)((((int64_t)sum << headroom) + (1 << 13)) >> 14) - 3 * 32768;
  const int32_t reciprocal = forge_softmax_i16_look_up(
      c->reciprocal, forge_clamp_i16(fraction, INT16_MIN, INT16_MAX));
  const int shift = 30 - headroom;
  for (int i = 0; i < c->classes; ++i) {
    const int64_t product = (int64_t)output[i] * reciprocal + (1 << (shift - 1));
    output[i] = forge_clamp_i16((int32_t)(product >> shift), 0, INT16_MAX);
  }
}

FORGE_INLINE void forge_softmax_i16_run(const forge_softmax_i16 *c, const int8_t *input,
                                        int8_t *output) {
  for (int row = 0; row < c->rows; ++row) {
    const int first = row * c->classes;
    forge_softmax_i16_row(c, forge_values_i16(input) + first, forge_output_i16(output) + first);
  }
}

#endif

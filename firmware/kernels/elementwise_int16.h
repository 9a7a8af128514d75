/* Operators that map each 16-bit value by itself. The output may lie over an input of its size. */
#ifndef FORGE_KERNELS_ELEMENTWISE_INT16_H
#define FORGE_KERNELS_ELEMENTWISE_INT16_H

#include "kernels/curves.h"
#include "kernels/int16.h"

/* A factor for values above zero and one for those below, as forge_requantize takes it. magnitude:
 * of the value without its sign. negate: what becomes of a value below zero has the other sign. */
typedef struct {
  int size;
  int input_zero_point, output_zero_point;
  int32_t multiplier, below_multiplier;
  int shift, below_shift;
  int magnitude, negate;
  int low, high;
} forge_rescale;

FORGE_INLINE int32_t forge_rescale_1(const forge_rescale *c, int32_t value) {
  int32_t x = value - c->input_zero_point;
  if (c->magnitude && x < 0) x = -x;
  int32_t scaled = x < 0 ? forge_requantize(x, c->below_multiplier, c->below_shift)
                         : forge_requantize(x, c->multiplier, c->shift);
  if (c->negate && x < 0) scaled = -scaled;
  scaled += c->output_zero_point;
  return scaled < c->low ? c->low : scaled > c->high ? c->high : scaled;
}

FORGE_INLINE void forge_rescale_i16_run(const forge_rescale *c, const int8_t *input,
                                        int8_t *output) {
  for (int i = 0; i < c->size; ++i) {
    forge_output_i16(output)[i] = (int16_t)forge_rescale_1(c, forge_values_i16(input)[i]);
  }
}

/* From 8 bits to 16, and back. */
FORGE_INLINE void forge_rescale_widen_run(const forge_rescale *c, const int8_t *input,
                                          int8_t *output) {
  for (int i = 0; i < c->size; ++i) {
    forge_output_i16(output)[i] = (int16_t)forge_rescale_1(c, input[i]);
  }
}

FORGE_INLINE void forge_rescale_narrow_run(const forge_rescale *c, const int8_t *input,
                                           int8_t *output) {
  for (int i = 0; i < c->size; ++i) {
    output[i] = (int8_t)forge_rescale_1(c, forge_values_i16(input)[i]);
  }
}

/* The factor that makes three times a Q3.12 number of a value; table as in curves.h. */
typedef struct {
  int size;
  int32_t multiplier;
  int shift;
  const uint16_t *table;
} forge_curve_i16;

FORGE_INLINE void forge_logistic_i16_run(const forge_curve_i16 *c, const int8_t *input,
                                         int8_t *output) {
  for (int i = 0; i < c->size; ++i) {
    const int32_t x = forge_curve_scale(forge_values_i16(input)[i], c->multiplier, c->shift);
    forge_output_i16(output)[i] = (int16_t)forge_sigmoid(c->table, x);
  }
}

FORGE_INLINE void forge_tanh_i16_run(const forge_curve_i16 *c, const int8_t *input,
                                     int8_t *output) {
  for (int i = 0; i < c->size; ++i) {
    const int32_t x = forge_curve_scale(forge_values_i16(input)[i], c->multiplier, c->shift);
    forge_output_i16(output)[i] = (int16_t)forge_tanh(c->table, x);
  }
}

#endif

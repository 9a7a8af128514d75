/* MEAN and SUM of 16-bit values: every output takes in the inputs along some dimensions. */
#ifndef FORGE_KERNELS_REDUCE_INT16_H
#define FORGE_KERNELS_REDUCE_INT16_H

#include "kernels/int16.h"
#include "kernels/reduce.h"

FORGE_INLINE int16_t forge_reduce_sum_i16_output(const forge_reduce_sum *c, int32_t sum) {
  return forge_clamp_i16(forge_requantize(sum, c->multiplier, c->shift), INT16_MIN, INT16_MAX);
}

/* One output. input: the first of the values that it takes in. */
FORGE_INLINE int16_t forge_reduce_sum_i16_1(const forge_reduce_sum *c, const forge_i16 *input) {
  const forge_reduction *r = &c->reduction;
  int32_t sum = 0;
  for (int i = 0; i < r->reduced[0]; ++i) {
    for (int j = 0; j < r->reduced[1]; ++j) {
      sum += input[i * r->reduced_step[0] + j * r->reduced_step[1]];
    }
  }
  return forge_reduce_sum_i16_output(c, sum);
}

FORGE_INLINE void forge_reduce_sum_i16_run(const forge_reduce_sum *c, const int8_t *bytes,
                                           int8_t *output_bytes) {
  const forge_reduction *r = &c->reduction;
  const forge_i16 *input = forge_values_i16(bytes);
  forge_i16 *output = forge_output_i16(output_bytes);
  for (int i = 0; i < r->kept[0]; ++i) {
    for (int j = 0; j < r->kept[1]; ++j) {
      *output++ = forge_reduce_sum_i16_1(c, input + i * r->kept_step[0] + j * r->kept_step[1]);
    }
  }
}

/* Sums over a whole image, for input row y as it is made: reduced are its rows and its columns,
 * kept[1] are its channels. sums: one a channel. */
FORGE_INLINE void forge_reduce_sum_i16_accumulate(const forge_reduce_sum *c, int y,
                                                  const int8_t *input, int32_t *sums,
                                                  int8_t *output) {
  const forge_reduction *r = &c->reduction;
  for (int channel = 0; channel < r->kept[1]; ++channel) {
    const forge_i16 *values = forge_values_i16(input) + channel;
    int32_t sum = y == 0 ? 0 : sums[channel];
    for (int x = 0; x < r->reduced[1]; ++x) sum += values[x * r->reduced_step[1]];
    sums[channel] = sum;
    if (y == r->reduced[0] - 1) {
      forge_output_i16(output)[channel] = forge_reduce_sum_i16_output(c, sum);
    }
  }
}

#endif

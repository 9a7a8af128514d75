/* MEAN, SUM, REDUCE_MAX and REDUCE_MIN: every output takes in the inputs along some dimensions. */
#ifndef FORGE_KERNELS_REDUCE_H
#define FORGE_KERNELS_REDUCE_H

#include "kernels/row_sums.h"

/* Neighbouring dimensions that are all kept, or all reduced, count as one. Outermost first; a loop
 * that is not needed has size 1. Steps are in elements of the input. */
typedef struct {
  int kept[2], kept_step[2];
  int reduced[2], reduced_step[2];
} forge_reduction;

/* A MEAN divides by means of its multiplier. offset: minus the zero points of all inputs. */
typedef struct {
  forge_reduction reduction;
  int32_t offset, multiplier;
  int shift;
  int output_zero_point;
} forge_reduce_sum;

FORGE_INLINE int8_t forge_reduce_sum_output(const forge_reduce_sum *c, int32_t sum) {
  const int32_t value = forge_requantize(sum, c->multiplier, c->shift);
  return forge_clamp(value + c->output_zero_point, -128, 127);
}

/* One output. input: the first of the values that it takes in. */
FORGE_INLINE int8_t forge_reduce_sum_1(const forge_reduce_sum *c, const int8_t *input) {
  const forge_reduction *r = &c->reduction;
  int32_t sum = c->offset;
  for (int i = 0; i < r->reduced[0]; ++i) {
    for (int j = 0; j < r->reduced[1]; ++j) {
      sum += input[i * r->reduced_step[0] + j * r->reduced_step[1]];
    }
  }
  return forge_reduce_sum_output(c, sum);
}

FORGE_INLINE void forge_reduce_sum_run(const forge_reduce_sum *c, const int8_t *input,
                                       int8_t *output) {
  const forge_reduction *r = &c->reduction;
  for (int i = 0; i < r->kept[0]; ++i) {
    for (int j = 0; j < r->kept[1]; ++j) {
      *output++ = forge_reduce_sum_1(c, input + i * r->kept_step[0] + j * r->kept_step[1]);
    }
  }
}

/* Sums over a whole image, for input row y as it is made: reduced are its rows and its columns,
 * kept[1] are its channels. sums: one a channel. */
FORGE_INLINE void forge_reduce_sum_accumulate(const forge_reduce_sum *c, int y, const int8_t *input,
                                              int32_t *sums, int8_t *output) {
  const forge_reduction *r = &c->reduction;
  const int channels = r->kept[1];
  if (y == 0) {
    for (int channel = 0; channel < channels; ++channel) sums[channel] = c->offset;
  }
  forge_add_row(input, r->reduced[1], channels, sums);
  if (y < r->reduced[0] - 1) return;
  for (int channel = 0; channel < channels; ++channel) {
    output[channel] = forge_reduce_sum_output(c, sums[channel]);
  }
}

/* sign: 1 for the greatest value, -1 for the least. */
typedef struct {
  forge_reduction reduction;
  int sign;
} forge_reduce_extreme;

/* One output. input: the first of the values that it takes in. */
FORGE_INLINE int8_t forge_reduce_extreme_1(const forge_reduce_extreme *c, const int8_t *input) {
  const forge_reduction *r = &c->reduction;
  int8_t extreme = *input;
  for (int i = 0; i < r->reduced[0]; ++i) {
    for (int j = 0; j < r->reduced[1]; ++j) {
      const int8_t value = input[i * r->reduced_step[0] + j * r->reduced_step[1]];
      if (c->sign * value > c->sign * extreme) extreme = value;
    }
  }
  return extreme;
}

FORGE_INLINE void forge_reduce_extreme_run(const forge_reduce_extreme *c, const int8_t *input,
                                           int8_t *output) {
  const forge_reduction *r = &c->reduction;
  for (int i = 0; i < r->kept[0]; ++i) {
    for (int j = 0; j < r->kept[1]; ++j) {
      *output++ = forge_reduce_extreme_1(c, input + i * r->kept_step[0] + j * r->kept_step[1]);
    }
  }
}

#endif

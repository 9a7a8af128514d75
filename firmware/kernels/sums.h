/* ADD_N and CUMSUM: sums of values of one scale, in steps of 2^-19, brought to the output's at the
 * end. The output of ADD_N may lie over an input. */
#ifndef FORGE_KERNELS_SUMS_H
#define FORGE_KERNELS_SUMS_H

#include "kernels/fixed_point.h"

/* multiplier and shift, as forge_requantize takes them, from a sum to the output. */
typedef struct {
  int zero_point, output_zero_point;
  int32_t multiplier;
  int shift;
} forge_sums;

/* Half a value, 20 bits up: what the interpreter's factor of 1/2 makes of it, exactly. */
FORGE_INLINE int32_t forge_sum_term(const forge_sums *s, int32_t value) {
  return (value - s->zero_point) * (1 << 19);
}

/* The interpreter begins with the term of a value of 0, which is not a real 0. */
FORGE_INLINE int32_t forge_sum_begin(const forge_sums *s) { return forge_sum_term(s, 0); }

/* A sum that passes 31 bits wraps, as in the interpreter. */
FORGE_INLINE int32_t forge_sum_add(int32_t sum, int32_t term) {
  return (int32_t)((uint32_t)sum + (uint32_t)term);
}

FORGE_INLINE int8_t forge_sum_output(const forge_sums *s, int32_t sum) {
  const int32_t scaled = forge_requantize(sum, s->multiplier, s->shift);
  return forge_clamp(scaled + s->output_zero_point, -128, 127);
}

#define FORGE_ADD_N_MOST 15

typedef struct {
  int size, inputs;
  forge_sums sums;
} forge_add_n;

/* operands: the inputs, then the output. */
FORGE_INLINE void forge_add_n_operands(const forge_add_n *c, const int8_t *const *operands) {
  int8_t *output = (int8_t *)operands[c->inputs]; /* the caller gave it as one to be written */
  for (int i = 0; i < c->size; ++i) {
    int32_t sum = forge_sum_begin(&c->sums);
    for (int k = 0; k < c->inputs; ++k) {
      sum = forge_sum_add(sum, forge_sum_term(&c->sums, operands[k][i]));
    }
    output[i] = forge_sum_output(&c->sums, sum);
  }
}

/* forge_add_n_run(&fields, inputs..., output), for any number of inputs up to the most. */
#define forge_add_n_run(c, ...) forge_add_n_operands((c), (const int8_t *const[]){__VA_ARGS__})

/* Along a dimension of count values that lie step apart. exclusive: without the value itself. */
typedef struct {
  int outer, count, step;
  int reverse, exclusive;
  forge_sums sums;
} forge_cumsum;

FORGE_INLINE void forge_cumsum_run(const forge_cumsum *c, const int8_t *input, int8_t *output) {
  const int first = c->reverse ? (c->count - 1) * c->step : 0;
  const int next = c->reverse ? -c->step : c->step;
  for (int i = 0; i < c->outer; ++i) {
    for (int k = 0; k < c->step; ++k) {
      int32_t sum = forge_sum_begin(&c->sums);
      int at = i * c->count * c->step + k + first;
      for (int n = 0; n < c->count; ++n, at += next) {
        const int32_t before = sum;
        sum = forge_sum_add(sum, forge_sum_term(&c->sums, input[at]));
        output[at] = forge_sum_output(&c->sums, c->exclusive ? before : sum);
      }
    }
  }
}

#endif

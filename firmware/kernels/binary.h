/* Operators on pairs of values, of two tensors of one size or of shapes that broadcast.
 * The output may lie over an input of its own size. */
#ifndef FORGE_KERNELS_BINARY_H
#define FORGE_KERNELS_BINARY_H

#include "kernels/fixed_point.h"

/* The numbers of the arithmetic; every operator reads those it needs, the others are 0. A
 * multiplier and its shift are a factor, as forge_requantize takes it. */
typedef struct {
  int first_zero_point, second_zero_point, output_zero_point;
  int left_shift;
  int32_t first_multiplier, second_multiplier, output_multiplier;
  int first_shift, second_shift, output_shift;
  int activation_min, activation_max;
} forge_binary_scaling;

/* A pair of inputs on a common scale. */
typedef struct {
  int32_t first, second;
} forge_pair;

/* Scaled up by 2^left_shift first, to keep fractions. */
FORGE_INLINE forge_pair forge_common_scale(const forge_binary_scaling *s, int8_t first,
                                           int8_t second) {
  const int32_t a = (first - s->first_zero_point) * (1 << s->left_shift);
  const int32_t b = (second - s->second_zero_point) * (1 << s->left_shift);
  return (forge_pair){forge_requantize(a, s->first_multiplier, s->first_shift),
                      forge_requantize(b, s->second_multiplier, s->second_shift)};
}

FORGE_INLINE int8_t forge_binary_output(const forge_binary_scaling *s, int32_t value) {
  const int32_t scaled = forge_requantize(value, s->output_multiplier, s->output_shift);
  return forge_clamp(scaled + s->output_zero_point, s->activation_min, s->activation_max);
}

FORGE_INLINE int8_t forge_add(const forge_binary_scaling *s, int8_t first, int8_t second) {
  const forge_pair x = forge_common_scale(s, first, second);
  return forge_binary_output(s, x.first + x.second);
}

/* The larger and the smaller of two values that have the output's quantization already. */
FORGE_INLINE int8_t forge_maximum(const forge_binary_scaling *s, int8_t first, int8_t second) {
  (void)s;
  return first > second ? first : second;
}

FORGE_INLINE int8_t forge_minimum(const forge_binary_scaling *s, int8_t first, int8_t second) {
  (void)s;
  return first < second ? first : second;
}

FORGE_INLINE int8_t forge_mul(const forge_binary_scaling *s, int8_t first, int8_t second) {
  return forge_binary_output(s, (first - s->first_zero_point) * (second - s->second_zero_point));
}

/* The second input is the slope below zero. The first input's factor is that of values above. */
FORGE_INLINE int8_t forge_prelu(const forge_binary_scaling *s, int8_t first, int8_t second) {
  const int32_t x = first - s->first_zero_point;
  if (x < 0) return forge_binary_output(s, x * (second - s->second_zero_point));
  const int32_t scaled = forge_requantize(x, s->first_multiplier, s->first_shift);
  return forge_clamp(scaled + s->output_zero_point, s->activation_min, s->activation_max);
}

FORGE_INLINE int8_t forge_squared_difference(const forge_binary_scaling *s, int8_t first,
                                             int8_t second) {
  const forge_pair x = forge_common_scale(s, first, second);
  return forge_binary_output(s, (x.first - x.second) * (x.first - x.second));
}

FORGE_INLINE int8_t forge_sub(const forge_binary_scaling *s, int8_t first, int8_t second) {
  const forge_pair x = forge_common_scale(s, first, second);
  return forge_binary_output(s, x.first - x.second);
}

/* Two tensors of as many elements as the output has. */
typedef struct {
  int size;
  forge_binary_scaling scaling;
} forge_binary;

/* A size for each of four loops, and the elements by which its steps advance an input: 0 where
 * the input is repeated. */
typedef struct {
  int size[4];
  int first_step[4], second_step[4];
  forge_binary_scaling scaling;
} forge_broadcast;

/* An operator's loops around its function on one pair of values. */
#define FORGE_BINARY_RUN(name)                                                                 \
  FORGE_INLINE void name##_run(const forge_binary *c, const int8_t *first,                     \
                               const int8_t *second, int8_t *output) {                         \
    for (int i = 0; i < c->size; ++i) output[i] = name(&c->scaling, first[i], second[i]);      \
  }                                                                                            \
                                                                                               \
  FORGE_INLINE void name##_broadcast_run(const forge_broadcast *c, const int8_t *first,        \
                                         const int8_t *second, int8_t *output) {               \
    const int *p = c->first_step;                                                              \
    const int *q = c->second_step;                                                             \
    for (int i = 0; i < c->size[0]; ++i) {                                                     \
      for (int j = 0; j < c->size[1]; ++j) {                                                   \
        for (int k = 0; k < c->size[2]; ++k) {                                                 \
          const int8_t *a = first + i * p[0] + j * p[1] + k * p[2];                            \
          const int8_t *b = second + i * q[0] + j * q[1] + k * q[2];                           \
          for (int l = 0; l < c->size[3]; ++l) {                                               \
            *output++ = name(&c->scaling, a[l * p[3]], b[l * q[3]]);                           \
          }                                                                                    \
        }                                                                                      \
      }                                                                                        \
    }                                                                                          \
  }

FORGE_BINARY_RUN(forge_add)
FORGE_BINARY_RUN(forge_maximum)
FORGE_BINARY_RUN(forge_minimum)
FORGE_BINARY_RUN(forge_mul)
FORGE_BINARY_RUN(forge_prelu)
FORGE_BINARY_RUN(forge_squared_difference)
FORGE_BINARY_RUN(forge_sub)

#undef FORGE_BINARY_RUN

#endif

/* Operators on pairs of values, of two tensors of one size or of shapes that broadcast.
 * The output may lie over an input of its own size. */
#ifndef FORGE_KERNELS_BINARY_H
#define FORGE_KERNELS_BINARY_H

#include "kernels/int16.h"
#include "kernels/reciprocal.h"

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
FORGE_INLINE forge_pair forge_common_scale(const forge_binary_scaling *s, int32_t first,
                                           int32_t second) {
  const int32_t a = (first - s->first_zero_point) * (1 << s->left_shift);
  const int32_t b = (second - s->second_zero_point) * (1 << s->left_shift);
  return (forge_pair){forge_requantize(a, s->first_multiplier, s->first_shift),
                      forge_requantize(b, s->second_multiplier, s->second_shift)};
}

FORGE_INLINE int32_t forge_binary_clamp(const forge_binary_scaling *s, int32_t scaled) {
  const int32_t value = scaled + s->output_zero_point;
  return value < s->activation_min   ? s->activation_min
         : value > s->activation_max ? s->activation_max
                                     : value;
}

FORGE_INLINE int32_t forge_binary_output(const forge_binary_scaling *s, int32_t value) {
  return forge_binary_clamp(s, forge_requantize(value, s->output_multiplier, s->output_shift));
}

FORGE_INLINE int32_t forge_add(const forge_binary_scaling *s, int32_t first, int32_t second) {
  const forge_pair x = forge_common_scale(s, first, second);
  return forge_binary_output(s, x.first + x.second);
}

/* x / 2^exponent as the interpreter's x86-64 does it, where a shift goes by the last five bits of
 * its count: a quotient too small for its output comes out as 1, or far too large. */
FORGE_INLINE int32_t forge_div_by_pot(int32_t x, int exponent) {
  if (exponent < 32) return forge_rounding_divide_by_pot(x, exponent);
  return (x >> (exponent & 31)) + (x >= 0 ? 1 : 0);
}

FORGE_INLINE int32_t forge_div(const forge_binary_scaling *s, int32_t first, int32_t second) {
  int32_t a = first - s->first_zero_point, b = second - s->second_zero_point;
  if (b < 0) {
    a = -a;
    b = -b;
  }
  const int zeros = b == 0 ? 32 : __builtin_clz((uint32_t)b);
  /* What the interpreter's arithmetic makes of 1 / 0, where it wraps, is not infinite. */
  const int32_t inverse =
      b == 0 ? -1515870788
             : forge_one_over_one_plus((int32_t)(((uint32_t)b << zeros) - (1u << 31)));
  const int headroom = a == 0 || a == -1 ? 31 : __builtin_clz((uint32_t)(a < 0 ? ~a : a)) - 1;
  const int32_t quotient =
      forge_doubling_high_mul((int32_t)((uint32_t)a << headroom), inverse);
  const int32_t scaled = forge_doubling_high_mul(quotient, s->output_multiplier);
  const int exponent = headroom + 31 - zeros - s->output_shift;
  return forge_binary_clamp(s, forge_div_by_pot(scaled, exponent));
}

/* The larger and the smaller of two values that have the output's quantization already. */
FORGE_INLINE int32_t forge_maximum(const forge_binary_scaling *s, int32_t first, int32_t second) {
  (void)s;
  return first > second ? first : second;
}

FORGE_INLINE int32_t forge_minimum(const forge_binary_scaling *s, int32_t first, int32_t second) {
  (void)s;
  return first < second ? first : second;
}

FORGE_INLINE int32_t forge_mul(const forge_binary_scaling *s, int32_t first, int32_t second) {
  return forge_binary_output(s, (first - s->first_zero_point) * (second - s->second_zero_point));
}

/* The second input is the slope below zero. The first input's factor is that of values above. */
FORGE_INLINE int32_t forge_prelu(const forge_binary_scaling *s, int32_t first, int32_t second) {
  const int32_t x = first - s->first_zero_point;
  if (x < 0) return forge_binary_output(s, x * (second - s->second_zero_point));
  return forge_binary_clamp(s, forge_requantize(x, s->first_multiplier, s->first_shift));
}

FORGE_INLINE int32_t forge_squared_difference(const forge_binary_scaling *s, int32_t first,
                                              int32_t second) {
  const forge_pair x = forge_common_scale(s, first, second);
  return forge_binary_output(s, (x.first - x.second) * (x.first - x.second));
}

FORGE_INLINE int32_t forge_sub(const forge_binary_scaling *s, int32_t first, int32_t second) {
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

/* An operator's loops around its function on one pair of values of these types. */
#define FORGE_BINARY_LOOPS(name, run, broadcast_run, first_type, second_type, output_type)     \
  FORGE_INLINE void run(const forge_binary *c, const int8_t *first_bytes,                      \
                        const int8_t *second_bytes, int8_t *output_bytes) {                    \
    const first_type *first = (const first_type *)(const void *)first_bytes;                   \
    const second_type *second = (const second_type *)(const void *)second_bytes;               \
    output_type *output = (output_type *)(void *)output_bytes;                                 \
    for (int i = 0; i < c->size; ++i) {                                                        \
      output[i] = (output_type)name(&c->scaling, first[i], second[i]);                         \
    }                                                                                          \
  }                                                                                            \
                                                                                               \
  FORGE_INLINE void broadcast_run(const forge_broadcast *c, const int8_t *first_bytes,         \
                                  const int8_t *second_bytes, int8_t *output_bytes) {          \
    const first_type *first = (const first_type *)(const void *)first_bytes;                   \
    const second_type *second = (const second_type *)(const void *)second_bytes;               \
    output_type *output = (output_type *)(void *)output_bytes;                                 \
    const int *p = c->first_step;                                                              \
    const int *q = c->second_step;                                                             \
    for (int i = 0; i < c->size[0]; ++i) {                                                     \
      for (int j = 0; j < c->size[1]; ++j) {                                                   \
        for (int k = 0; k < c->size[2]; ++k) {                                                 \
          const first_type *a = first + i * p[0] + j * p[1] + k * p[2];                        \
          const second_type *b = second + i * q[0] + j * q[1] + k * q[2];                      \
          for (int l = 0; l < c->size[3]; ++l) {                                               \
            *output++ = (output_type)name(&c->scaling, a[l * p[3]], b[l * q[3]]);              \
          }                                                                                    \
        }                                                                                      \
      }                                                                                        \
    }                                                                                          \
  }

/* Of int8 values, and of int16 ones; the second ones of these may be of another type. */
#define FORGE_BINARY_RUN(name, second_type)                                                    \
  FORGE_BINARY_LOOPS(name, name##_run, name##_broadcast_run, int8_t, int8_t, int8_t)           \
  FORGE_BINARY_LOOPS(name, name##_i16_run, name##_i16_broadcast_run, forge_i16, second_type,   \
                     forge_i16)

FORGE_BINARY_RUN(forge_add, forge_i16)
FORGE_BINARY_LOOPS(forge_div, forge_div_run, forge_div_broadcast_run, int8_t, int8_t, int8_t)
FORGE_BINARY_RUN(forge_maximum, forge_i16)
FORGE_BINARY_RUN(forge_minimum, forge_i16)
#if defined(__ARM_FEATURE_MVE)
#include "kernels/mul_mve.h"
FORGE_BINARY_LOOPS(forge_mul, forge_mul_i16_run, forge_mul_i16_broadcast_run, forge_i16, forge_i16,
                   forge_i16)
#else
FORGE_BINARY_RUN(forge_mul, forge_i16)
#endif
FORGE_BINARY_RUN(forge_prelu, int8_t)
FORGE_BINARY_RUN(forge_squared_difference, forge_i16)
FORGE_BINARY_RUN(forge_sub, forge_i16)

#undef FORGE_BINARY_RUN

#endif

/* ADD: both inputs are brought to a common scale, added, and requantized.
 * The output may lie over an input of its own size. */
#ifndef FORGE_KERNELS_ADD_H
#define FORGE_KERNELS_ADD_H

#include "kernels/fixed_point.h"

/* Both inputs are scaled up by 2^20 first, to keep fractions. */
#define FORGE_ADD_LEFT_SHIFT 20

typedef struct {
  int first_zero_point, second_zero_point, output_zero_point;
  int32_t first_multiplier, second_multiplier, output_multiplier;
  int first_shift, second_shift, output_shift;
  int activation_min, activation_max;
} forge_add_scaling;

FORGE_INLINE int8_t forge_add_values(const forge_add_scaling *s, int8_t first, int8_t second) {
  const int32_t a = (first - s->first_zero_point) * (1 << FORGE_ADD_LEFT_SHIFT);
  const int32_t b = (second - s->second_zero_point) * (1 << FORGE_ADD_LEFT_SHIFT);
  const int32_t sum = forge_requantize(a, s->first_multiplier, s->first_shift) +
                      forge_requantize(b, s->second_multiplier, s->second_shift);
  const int32_t value = forge_requantize(sum, s->output_multiplier, s->output_shift);
  return forge_clamp(value + s->output_zero_point, s->activation_min, s->activation_max);
}

typedef struct {
  int size;
  forge_add_scaling scaling;
} forge_add;

FORGE_INLINE void forge_add_run(const forge_add *c, const int8_t *first, const int8_t *second,
                                int8_t *output) {
  for (int i = 0; i < c->size; ++i) {
    output[i] = forge_add_values(&c->scaling, first[i], second[i]);
  }
}

/* Shapes that differ: four dimensions; a step of 0 repeats an input along a dimension. */
typedef struct {
  int size[4];
  int first_step[4], second_step[4];
  forge_add_scaling scaling;
} forge_add_broadcast;

FORGE_INLINE void forge_add_broadcast_run(const forge_add_broadcast *c, const int8_t *first,
                                          const int8_t *second, int8_t *output) {
  const int *p = c->first_step;
  const int *q = c->second_step;
  for (int i = 0; i < c->size[0]; ++i) {
    for (int j = 0; j < c->size[1]; ++j) {
      for (int k = 0; k < c->size[2]; ++k) {
        for (int l = 0; l < c->size[3]; ++l) {
          *output++ = forge_add_values(&c->scaling,
                                       first[i * p[0] + j * p[1] + k * p[2] + l * p[3]],
                                       second[i * q[0] + j * q[1] + k * q[2] + l * q[3]]);
        }
      }
    }
  }
}

#endif

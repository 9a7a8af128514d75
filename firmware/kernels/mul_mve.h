/* forge_mul_run and forge_mul_broadcast_run of binary.h in vectors of a Cortex-M55, four values at a time. */
#ifndef FORGE_KERNELS_MUL_MVE_H
#define FORGE_KERNELS_MUL_MVE_H

#include "kernels/requantize_mve.h"

FORGE_INLINE int32x4_t forge_mul_4(const forge_binary_scaling *s, int32x4_t first,
                                   int32x4_t second) {
  const int32_t multiplier = s->output_multiplier, shift = s->output_shift;
  const int32x4_t product = vmulq_s32(vsubq_n_s32(first, s->first_zero_point),
                                      vsubq_n_s32(second, s->second_zero_point));
  const int32x4_t scaled =
      shift < 0 ? forge_requantize_right_all_mve(product, multiplier, shift)
                : forge_requantize_mve(product, vdupq_n_s32(multiplier), vdupq_n_s32(shift));
  return forge_outputs_mve(scaled, s->output_zero_point, s->activation_min, s->activation_max);
}

/* Four values, or those of them that are there; the first one again and again where step is 0. */
FORGE_INLINE int32x4_t forge_mul_load(const int8_t *from, int step, mve_pred16_t some) {
  return step ? vldrbq_z_s32(from, some) : vdupq_n_s32(*from);
}

/* A row of products of values that follow each other, or of one that is repeated. */
FORGE_INLINE void forge_mul_row(const forge_binary_scaling *s, const int8_t *first, int first_step,
                                const int8_t *second, int second_step, int size, int8_t *output) {
  for (int i = 0; i < size; i += 4) {
    const mve_pred16_t some = vctp32q((uint32_t)(size - i));
    const int32x4_t a = forge_mul_load(first + i * first_step, first_step, some);
    const int32x4_t b = forge_mul_load(second + i * second_step, second_step, some);
    vstrbq_p_s32(output + i, forge_mul_4(s, a, b), some);
  }
}

FORGE_INLINE void forge_mul_run(const forge_binary *c, const int8_t *first, const int8_t *second,
                                int8_t *output) {
  forge_mul_row(&c->scaling, first, 1, second, 1, c->size, output);
}

FORGE_INLINE void forge_mul_broadcast_run(const forge_broadcast *c, const int8_t *first,
                                          const int8_t *second, int8_t *output) {
  const int *p = c->first_step, *q = c->second_step;
  for (int i = 0; i < c->size[0]; ++i) {
    for (int j = 0; j < c->size[1]; ++j) {
      for (int k = 0; k < c->size[2]; ++k, output += c->size[3]) {
        forge_mul_row(&c->scaling, first + i * p[0] + j * p[1] + k * p[2], p[3],
                      second + i * q[0] + j * q[1] + k * q[2], q[3], c->size[3], output);
      }
    }
  }
}

#endif

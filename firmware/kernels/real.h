/* float32 values between integer layers: DEQUANTIZE, QUANTIZE, NEG and SQUARE. Each is one IEEE 754
 * operation or an exact one, so that every core gives the same bits. */
#ifndef FORGE_KERNELS_REAL_H
#define FORGE_KERNELS_REAL_H

#include "kernels/int16.h"
#include "kernels/plain.h"

typedef struct {
  int size;
  float scale;
  int zero_point;
} forge_conversion;

#define FORGE_DEQUANTIZE(name, from)                                                           \
  FORGE_INLINE void name(const forge_conversion *c, const int8_t *input, int8_t *output) {     \
    const from *x = (const from *)(const void *)input;                                         \
    forge_f32 *y = (forge_f32 *)(void *)output;                                                \
    for (int i = 0; i < c->size; ++i) y[i] = (float)(x[i] - c->zero_point) * c->scale;         \
  }

FORGE_DEQUANTIZE(forge_dequantize_int8_run, int8_t)
FORGE_DEQUANTIZE(forge_dequantize_int16_run, forge_i16)

#undef FORGE_DEQUANTIZE

/* The nearest integer, halves away from zero; what 32 bits do not hold is INT32_MIN, as on the
 * interpreter's x86-64. */
FORGE_INLINE int32_t forge_nearest(float x) {
  if (!(x >= -2147483648.0f && x < 2147483648.0f)) return INT32_MIN;
  const int32_t whole = (int32_t)x;
  const float rest = x - (float)whole;
  return whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

#define FORGE_QUANTIZE(name, to, least, most)                                                  \
  FORGE_INLINE void name(const forge_conversion *c, const int8_t *input, int8_t *output) {     \
    const forge_f32 *x = (const forge_f32 *)(const void *)input;                               \
    to *y = (to *)(void *)output;                                                              \
    for (int i = 0; i < c->size; ++i) {                                                        \
      const uint32_t nearest = (uint32_t)forge_nearest(x[i] / c->scale);                       \
      const int32_t value = (int32_t)(nearest + (uint32_t)c->zero_point);                      \
      y[i] = (to)(value < least ? least : value > most ? most : value);                        \
    }                                                                                          \
  }

FORGE_QUANTIZE(forge_quantize_int8_run, int8_t, INT8_MIN, INT8_MAX)
FORGE_QUANTIZE(forge_quantize_int16_run, forge_i16, INT16_MIN, INT16_MAX)

#undef FORGE_QUANTIZE

typedef struct {
  int size;
} forge_real;

#define FORGE_REAL(name, expression)                                                           \
  FORGE_INLINE void name(const forge_real *c, const int8_t *input, int8_t *output) {           \
    const forge_f32 *x = (const forge_f32 *)(const void *)input;                               \
    forge_f32 *y = (forge_f32 *)(void *)output;                                                \
    for (int i = 0; i < c->size; ++i) y[i] = (expression);                                     \
  }

FORGE_REAL(forge_neg_run, -x[i])
FORGE_REAL(forge_square_run, x[i] * x[i])

#undef FORGE_REAL

#endif

/* Tensors of 16-bit values: how kernels come to them, and the arithmetic of 64-bit sums.
 * Their zero points are 0. Whoever calls a kernel deals in bytes, of any type of values alike. */
#ifndef FORGE_KERNELS_INT16_H
#define FORGE_KERNELS_INT16_H

#include "kernels/fixed_point.h"

/* One memory holds values of every size, one after the other. Sums lie at multiples of 4. */
typedef int16_t __attribute__((may_alias)) forge_i16;
typedef int64_t __attribute__((may_alias, aligned(4))) forge_sum_i16;

FORGE_INLINE const forge_i16 *forge_values_i16(const int8_t *bytes) {
  return (const forge_i16 *)(const void *)bytes;
}

FORGE_INLINE forge_i16 *forge_output_i16(int8_t *bytes) { return (forge_i16 *)(void *)bytes; }

FORGE_INLINE int16_t forge_clamp_i16(int32_t x, int low, int high) {
  return (int16_t)(x < low ? low : x > high ? high : x);
}

/* x * multiplier / 2^shift, rounded once, halves up; |x| < 2^47, multiplier in [0, 2^15), shift in
 * [8, 46]. What does not fit 32 bits loses its upper ones, as in the interpreter. */
FORGE_INLINE int32_t forge_requantize_wide(int64_t x, int32_t multiplier, int shift) {
  return (int32_t)((x * multiplier + ((int64_t)1 << (shift - 1))) >> shift);
}

/* One multiplier and shift, or one a channel (channel_step 1). wide: they are those of
 * forge_requantize_wide; else those of forge_requantize, and sums have 32 bits. */
typedef struct {
  const int32_t *multiplier;
  const int8_t *shift;
  int channel_step, wide;
  int activation_min, activation_max;
} forge_requantization_i16;

FORGE_INLINE int16_t forge_requantize_channel_i16(const forge_requantization_i16 *r, int64_t sum,
                                                  int channel) {
  const int i = channel * r->channel_step;
  const int32_t value = r->wide ? forge_requantize_wide(sum, r->multiplier[i], r->shift[i])
                                : forge_requantize((int32_t)sum, r->multiplier[i], r->shift[i]);
  return forge_clamp_i16(value, r->activation_min, r->activation_max);
}

/* a + b, which may wrap. */
FORGE_INLINE int32_t forge_wrapping_add(int32_t a, int32_t b) {
  return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* The sum of x[i] * w[i]. narrow: it fits 32 bits, or no more than those are wanted of it. */
FORGE_INLINE int64_t forge_dot_i16(const forge_i16 *x, const int8_t *w, int size, int narrow) {
  if (narrow) {
    int32_t sum = 0;
    for (int i = 0; i < size; ++i) sum = forge_wrapping_add(sum, x[i] * w[i]);
    return sum;
  }
  int64_t sum = 0;
  for (int i = 0; i < size; ++i) sum += x[i] * w[i];
  return sum;
}

/* The same, added to the sums of four channels whose weights lie step bytes apart. */
FORGE_INLINE void forge_dot_4_i16(int64_t sum[4], const forge_i16 *x, const int8_t *w, int step,
                                  int size, int narrow) {
  if (narrow) {
    int32_t part[4] = {0, 0, 0, 0};
    for (int i = 0; i < size; ++i) {
      const int32_t value = x[i];
      part[0] = forge_wrapping_add(part[0], value * w[i]);
      part[1] = forge_wrapping_add(part[1], value * w[i + step]);
      part[2] = forge_wrapping_add(part[2], value * w[i + 2 * step]);
      part[3] = forge_wrapping_add(part[3], value * w[i + 3 * step]);
    }
    for (int i = 0; i < 4; ++i) sum[i] += part[i];
    return;
  }
  for (int i = 0; i < 4; ++i) sum[i] += forge_dot_i16(x, w + i * step, size, 0);
}

/* Four channels' outputs, side by side. */
FORGE_INLINE void forge_requantize_4_i16(const forge_requantization_i16 *r, const int64_t sum[4],
                                         int channel, forge_i16 *output) {
  output[0] = forge_requantize_channel_i16(r, sum[0], channel);
  output[1] = forge_requantize_channel_i16(r, sum[1], channel + 1);
  output[2] = forge_requantize_channel_i16(r, sum[2], channel + 2);
  output[3] = forge_requantize_channel_i16(r, sum[3], channel + 3);
}

#endif

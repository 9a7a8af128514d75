/* How int32 accumulators become int8 outputs: one multiplier and shift, or one a channel. */
#ifndef FORGE_KERNELS_REQUANTIZE_H
#define FORGE_KERNELS_REQUANTIZE_H

#include "kernels/fixed_point.h"

/* channel_step: 1 with a multiplier and shift a channel, 0 where all channels share one. */
typedef struct {
  const int32_t *multiplier;
  const int8_t *shift;
  int channel_step;
  int output_zero_point;
  int activation_min;
  int activation_max;
} forge_requantization;

FORGE_INLINE int8_t forge_requantize_channel(const forge_requantization *r, int32_t acc,
                                             int channel) {
  const int i = channel * r->channel_step;
  const int32_t value = forge_requantize(acc, r->multiplier[i], r->shift[i]);
  return forge_clamp(value + r->output_zero_point, r->activation_min, r->activation_max);
}

/* Four channels' outputs, side by side. */
FORGE_INLINE void forge_requantize_4(const forge_requantization *r, const int32_t acc[4],
                                     int channel, int8_t *output) {
  output[0] = forge_requantize_channel(r, acc[0], channel);
  output[1] = forge_requantize_channel(r, acc[1], channel + 1);
  output[2] = forge_requantize_channel(r, acc[2], channel + 2);
  output[3] = forge_requantize_channel(r, acc[3], channel + 3);
}

/* acc += sum of (x[i] - zero_point) * w[i]. */
FORGE_INLINE int32_t forge_dot(int32_t acc, const int8_t *x, const int8_t *w, int size,
                               int zero_point) {
  for (int i = 0; i < size; ++i) acc += (x[i] - zero_point) * w[i];
  return acc;
}

#ifdef __ARM_ARCH_6M__
/* The same for two channels whose weights lie step bytes apart: as many as a Cortex-M0+ has registers
 * for, which reaches all three by one index. */
FORGE_INLINE void forge_dot_2(int32_t acc[2], const int8_t *x, const int8_t *w, int step, int size,
                              int zero_point) {
  const int8_t *const first = w + size, *const second = w + step + size, *const end = x + size;
  int32_t one = acc[0], other = acc[1];
  for (int i = -size; i < 0; ++i) {
    const int32_t value = end[i] - zero_point;
    one += value * first[i];
    other += value * second[i];
  }
  acc[0] = one;
  acc[1] = other;
}
#endif

/* The same for four channels whose weights lie step bytes apart: every x is loaded once for all.
 * That is 2.5 instructions a multiply-accumulate on a Cortex-M4 in place of 4. */
FORGE_INLINE void forge_dot_4(int32_t acc[4], const int8_t *x, const int8_t *w, int step, int size,
                              int zero_point) {
#ifdef __ARM_ARCH_6M__
  forge_dot_2(acc, x, w, step, size, zero_point);
  forge_dot_2(acc + 2, x, w + 2 * step, step, size, zero_point);
#else
  for (int i = 0; i < size; ++i) {
    const int32_t value = x[i] - zero_point;
    acc[0] += value * w[i];
    acc[1] += value * w[i + step];
    acc[2] += value * w[i + 2 * step];
    acc[3] += value * w[i + 3 * step];
  }
#endif
}

#endif

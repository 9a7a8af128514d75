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

/* Sum of (x[i] - zero_point) * w[i]. Four at a time, so that the loop is paid once for four. */
FORGE_INLINE int32_t forge_dot(const int8_t *x, const int8_t *w, int size, int zero_point) {
  int32_t acc = 0;
  int i = 0;
  for (; i + 4 <= size; i += 4) {
    acc += (x[i] - zero_point) * w[i];
    acc += (x[i + 1] - zero_point) * w[i + 1];
    acc += (x[i + 2] - zero_point) * w[i + 2];
    acc += (x[i + 3] - zero_point) * w[i + 3];
  }
  for (; i < size; ++i) acc += (x[i] - zero_point) * w[i];
  return acc;
}

#endif

/* How int32 accumulators become int8 outputs: one multiplier and shift, or one a channel. */
#ifndef FORGE_KERNELS_REQUANTIZE_H
#define FORGE_KERNELS_REQUANTIZE_H

#include "kernels/fixed_point.h"
#ifdef __ARM_FEATURE_MVE
#include "kernels/requantize_mve.h"
#endif

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
#ifdef __ARM_FEATURE_MVE
  const int each = r->channel_step;
  const int32x4_t multiplier =
      each ? vldrwq_s32(r->multiplier + channel) : vdupq_n_s32(r->multiplier[0]);
  const int32x4_t shift = each ? vldrbq_s32(r->shift + channel) : vdupq_n_s32(r->shift[0]);
  const int32x4_t values = forge_requantize_mve(vldrwq_s32(acc), multiplier, shift);
  const int32x4_t outputs = forge_outputs_mve(values, r->output_zero_point, r->activation_min,
                                              r->activation_max);
  vstrbq_s32(output, outputs);
#else
  output[0] = forge_requantize_channel(r, acc[0], channel);
  output[1] = forge_requantize_channel(r, acc[1], channel + 1);
  output[2] = forge_requantize_channel(r, acc[2], channel + 2);
  output[3] = forge_requantize_channel(r, acc[3], channel + 3);
#endif
}

#endif

/* DEPTHWISE_CONV_2D of 8-bit values and 4-bit weights.
 * weights: kernel_height x kernel_width x (input_channels * depth_multiplier). */
#ifndef FORGE_KERNELS_DEPTHWISE_INT4_H
#define FORGE_KERNELS_DEPTHWISE_INT4_H

#include "kernels/int4.h"
#include "kernels/window.h"

typedef struct {
  forge_window window;
  int input_channels, depth_multiplier;
  int input_zero_point;
  const uint8_t *weights;
  const int32_t *bias;
  forge_requantization requantization;
} forge_depthwise_conv_2d_int4;

/* One output channel of one window. */
FORGE_INLINE int32_t forge_depthwise_int4_1(const forge_depthwise_conv_2d_int4 *c,
                                            const forge_place *p, int channel) {
  const forge_window *w = &c->window;
  const int channels_out = c->input_channels * c->depth_multiplier;
  const int source = channel / c->depth_multiplier;
  int32_t acc = c->bias[channel];
  for (int y = 0; y < w->kernel_height; ++y) {
    if (p->rows[y] == NULL) continue; /* padding equals the zero point: it adds nothing */
    for (int x = p->begin; x < p->end; ++x) {
      const int column = p->left + x * w->dilation_width;
      const int8_t value = p->rows[y][column * c->input_channels + source];
      const int tap = (y * w->kernel_width + x) * channels_out + channel;
      acc += (value - c->input_zero_point) * forge_int4(c->weights, tap);
    }
  }
  return acc;
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_depthwise_conv_2d_int4_columns(const forge_depthwise_conv_2d_int4 *c,
                                                       const int8_t *const *rows, int begin,
                                                       int end, int8_t *output) {
  const int channels_out = c->input_channels * c->depth_multiplier;
  for (int x = begin; x < end; ++x) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    for (int channel = 0; channel < channels_out; ++channel) {
      const int32_t acc = forge_depthwise_int4_1(c, &place, channel);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

#endif

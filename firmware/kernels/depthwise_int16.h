/* DEPTHWISE_CONV_2D of 16-bit values and 8-bit weights.
 * weights: kernel_height x kernel_width x (input_channels * depth_multiplier). */
#ifndef FORGE_KERNELS_DEPTHWISE_INT16_H
#define FORGE_KERNELS_DEPTHWISE_INT16_H

#include "kernels/int16.h"
#include "kernels/window.h"

/* narrow: the products under a row of the window fit 32 bits. */
typedef struct {
  forge_window window;
  int input_channels, depth_multiplier;
  int narrow;
  const int8_t *weights;
  const int64_t *bias;
  forge_requantization_i16 requantization;
} forge_depthwise_conv_2d_i16;

/* The products of one row of the window: values and weights of the channel, each some elements
 * apart. */
FORGE_INLINE int64_t forge_depthwise_i16_row(const forge_i16 *values, int step,
                                             const int8_t *weights, int weights_step, int columns,
                                             int narrow) {
  if (narrow) {
    int32_t sum = 0;
    for (int x = 0; x < columns; ++x) sum += values[x * step] * weights[x * weights_step];
    return sum;
  }
  int64_t sum = 0;
  for (int x = 0; x < columns; ++x) sum += values[x * step] * weights[x * weights_step];
  return sum;
}

/* One output channel of one window. */
FORGE_INLINE int64_t forge_depthwise_i16_1(const forge_depthwise_conv_2d_i16 *c,
                                           const forge_place *p, int channel) {
  const forge_window *w = &c->window;
  const int channels_out = c->input_channels * c->depth_multiplier;
  const int left = p->left + p->begin * w->dilation_width;
  const int first = left * c->input_channels + channel / c->depth_multiplier;
  int64_t sum = c->bias[channel];
  for (int y = 0; y < w->kernel_height; ++y) {
    if (p->rows[y] == NULL) continue; /* padding is 0 */
    const int column = y * w->kernel_width + p->begin;
    sum += forge_depthwise_i16_row(forge_values_i16(p->rows[y]) + first,
                                   w->dilation_width * c->input_channels,
                                   c->weights + column * channels_out + channel, channels_out,
                                   p->end - p->begin, c->narrow);
  }
  return sum;
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_depthwise_conv_2d_i16_columns(const forge_depthwise_conv_2d_i16 *c,
                                                      const int8_t *const *rows, int begin,
                                                      int end, int8_t *bytes) {
  const int channels_out = c->input_channels * c->depth_multiplier;
  forge_i16 *output = forge_output_i16(bytes);
  for (int x = begin; x < end; ++x) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    for (int channel = 0; channel < channels_out; ++channel) {
      const int64_t sum = forge_depthwise_i16_1(c, &place, channel);
      *output++ = forge_requantize_channel_i16(&c->requantization, sum, channel);
    }
  }
}

#endif

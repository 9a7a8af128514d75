/* DEPTHWISE_CONV_2D: every input channel has its own depth_multiplier filters.
 * weights: kernel_height x kernel_width x (input_channels * depth_multiplier). */
#ifndef FORGE_KERNELS_DEPTHWISE_H
#define FORGE_KERNELS_DEPTHWISE_H

#include "kernels/requantize.h"
#include "kernels/window.h"

typedef struct {
  forge_window window;
  int input_channels, depth_multiplier;
  int input_zero_point;
  const int8_t *weights;
  const int32_t *bias;
  forge_requantization requantization;
} forge_depthwise_conv_2d;

/* One output channel of one window. */
FORGE_INLINE int32_t forge_depthwise_1(const forge_depthwise_conv_2d *c,
                                       const forge_place *p, int channel) {
  const forge_window *w = &c->window;
  const int channels_out = c->input_channels * c->depth_multiplier;
  const int source = channel / c->depth_multiplier;
  const int8_t *weights = c->weights + channel;
  int32_t acc = c->bias[channel];
  for (int y = 0; y < w->kernel_height; ++y, weights += w->kernel_width * channels_out) {
    if (p->rows[y] == NULL) continue; /* padding equals the zero point: it adds nothing */
    for (int x = p->begin; x < p->end; ++x) {
      const int column = p->left + x * w->dilation_width;
      const int8_t value = p->rows[y][column * c->input_channels + source];
      acc += (value - c->input_zero_point) * weights[x * channels_out];
    }
  }
  return acc;
}

/* Four output channels of one window, for a depth multiplier of 1: they share its loops. */
FORGE_INLINE void forge_depthwise_4(const forge_depthwise_conv_2d *c,
                                    const forge_place *p, int channel, int32_t acc[4]) {
  const forge_window *w = &c->window;
  const int channels = c->input_channels;
  const int zero_point = c->input_zero_point;
  const int8_t *weights = c->weights + channel;
  for (int i = 0; i < 4; ++i) acc[i] = c->bias[channel + i];
  for (int y = 0; y < w->kernel_height; ++y, weights += w->kernel_width * channels) {
    if (p->rows[y] == NULL) continue;
    for (int x = p->begin; x < p->end; ++x) {
      const int column = p->left + x * w->dilation_width;
      const int8_t *value = p->rows[y] + column * channels + channel;
      const int8_t *weight = weights + x * channels;
      acc[0] += (value[0] - zero_point) * weight[0];
      acc[1] += (value[1] - zero_point) * weight[1];
      acc[2] += (value[2] - zero_point) * weight[2];
      acc[3] += (value[3] - zero_point) * weight[3];
    }
  }
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_depthwise_conv_2d_columns(const forge_depthwise_conv_2d *c,
                                                  const int8_t *const *rows, int begin, int end,
                                                  int8_t *output) {
  const int channels_out = c->input_channels * c->depth_multiplier;
  for (int x = begin; x < end; ++x) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    int channel = 0;
    for (; c->depth_multiplier == 1 && channel + 4 <= channels_out; channel += 4, output += 4) {
      int32_t acc[4];
      forge_depthwise_4(c, &place, channel, acc);
      forge_requantize_4(&c->requantization, acc, channel, output);
    }
    for (; channel < channels_out; ++channel) {
      const int32_t acc = forge_depthwise_1(c, &place, channel);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

#endif

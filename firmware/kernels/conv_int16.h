/* CONV_2D of 16-bit values and 8-bit weights, with any number of groups.
 * weights: output_channels x kernel_height x kernel_width x (input_channels / groups). */
#ifndef FORGE_KERNELS_CONV_INT16_H
#define FORGE_KERNELS_CONV_INT16_H

#include "kernels/int16.h"
#include "kernels/window.h"

/* narrow: the products under a row of the window, as forge_dot_i16 has it. */
typedef struct {
  forge_window window;
  int groups;
  int input_channels, output_channels;
  int narrow;
  const int8_t *weights;
  const int64_t *bias;
  forge_requantization_i16 requantization;
} forge_conv_2d_i16;

/* Neighbouring columns lie side by side, so an undilated window row of all channels is one long
 * dot product: it is taken in runs of this many columns. */
FORGE_INLINE int forge_conv_2d_i16_run(const forge_conv_2d_i16 *c, const forge_place *p) {
  return c->groups == 1 && c->window.dilation_width == 1 ? p->end - p->begin : 1;
}

/* One output channel of one window. first: its group's first input channel. */
FORGE_INLINE int64_t forge_conv_2d_i16_1(const forge_conv_2d_i16 *c, const forge_place *p,
                                         int first, int channel) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels / c->groups;
  const int run = forge_conv_2d_i16_run(c, p);
  const int8_t *weights = c->weights + channel * w->kernel_height * w->kernel_width * depth;
  int64_t sum = c->bias[channel];
  for (int y = 0; y < w->kernel_height; ++y, weights += w->kernel_width * depth) {
    if (p->rows[y] == NULL) continue; /* padding is 0 */
    const forge_i16 *row = forge_values_i16(p->rows[y]) + first;
    for (int x = p->begin; x < p->end; x += run) {
      const forge_i16 *values = row + (p->left + x * w->dilation_width) * c->input_channels;
      sum += forge_dot_i16(values, weights + x * depth, run * depth, c->narrow);
    }
  }
  return sum;
}

/* Four output channels of one window, all channels in. */
FORGE_INLINE void forge_conv_2d_i16_4(const forge_conv_2d_i16 *c, const forge_place *p,
                                      int channel, int64_t sum[4]) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels;
  const int run = forge_conv_2d_i16_run(c, p);
  const int size = w->kernel_height * w->kernel_width * depth;
  const int8_t *weights = c->weights + channel * size;
  for (int i = 0; i < 4; ++i) sum[i] = c->bias[channel + i];
  for (int y = 0; y < w->kernel_height; ++y, weights += w->kernel_width * depth) {
    if (p->rows[y] == NULL) continue;
    for (int x = p->begin; x < p->end; x += run) {
      const int column = p->left + x * w->dilation_width;
      forge_dot_4_i16(sum, forge_values_i16(p->rows[y]) + column * depth, weights + x * depth,
                      size, run * depth, c->narrow);
    }
  }
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_conv_2d_i16_columns(const forge_conv_2d_i16 *c, const int8_t *const *rows,
                                            int begin, int end, int8_t *bytes) {
  const int depth = c->input_channels / c->groups;
  const int filters = c->output_channels / c->groups;
  forge_i16 *output = forge_output_i16(bytes);
  for (int x = begin; x < end; ++x) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    int channel = 0;
    for (; c->groups == 1 && channel + 4 <= c->output_channels; channel += 4, output += 4) {
      int64_t sum[4];
      forge_conv_2d_i16_4(c, &place, channel, sum);
      forge_requantize_4_i16(&c->requantization, sum, channel, output);
    }
    for (; channel < c->output_channels; ++channel) {
      const int64_t sum = forge_conv_2d_i16_1(c, &place, channel / filters * depth, channel);
      *output++ = forge_requantize_channel_i16(&c->requantization, sum, channel);
    }
  }
}

#endif

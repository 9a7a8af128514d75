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

/* count output channels of one window, 1 or 4, of one group. first: its first input channel. */
FORGE_INLINE void forge_conv_2d_i16_sums(const forge_conv_2d_i16 *c, const forge_place *p,
                                         int first, int channel, int count, int64_t *sum) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels / c->groups;
  const int run = forge_conv_2d_i16_run(c, p);
  const int size = w->kernel_height * w->kernel_width * depth;
  const int8_t *weights = c->weights + channel * size;
  for (int i = 0; i < count; ++i) sum[i] = c->bias[channel + i];
  for (int y = 0; y < w->kernel_height; ++y, weights += w->kernel_width * depth) {
    if (p->rows[y] == NULL) continue; /* padding is 0 */
    const forge_i16 *row = forge_values_i16(p->rows[y]) + first;
    for (int x = p->begin; x < p->end; x += run) {
      const forge_i16 *values = row + (p->left + x * w->dilation_width) * c->input_channels;
      if (count == 4) {
        forge_dot_4_i16(sum, values, weights + x * depth, size, run * depth, c->narrow);
      } else {
        sum[0] += forge_dot_i16(values, weights + x * depth, run * depth, c->narrow);
      }
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
    for (int group = 0, channel = 0; group < c->groups; ++group) {
      const int after = channel + filters;
      int64_t sum[4];
      for (; channel + 4 <= after; channel += 4, output += 4) {
        forge_conv_2d_i16_sums(c, &place, group * depth, channel, 4, sum);
        forge_requantize_4_i16(&c->requantization, sum, channel, output);
      }
      for (; channel < after; ++channel) {
        forge_conv_2d_i16_sums(c, &place, group * depth, channel, 1, sum);
        *output++ = forge_requantize_channel_i16(&c->requantization, sum[0], channel);
      }
    }
  }
}

#endif

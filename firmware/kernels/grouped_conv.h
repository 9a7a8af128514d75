/* CONV_2D in groups: an output channel sees the input channels of its own group alone.
 * weights: output_channels x kernel_height x kernel_width x (input_channels / groups). */
#ifndef FORGE_KERNELS_GROUPED_CONV_H
#define FORGE_KERNELS_GROUPED_CONV_H

#include "kernels/dot.h"
#include "kernels/requantize.h"
#include "kernels/window.h"

/* groups divides both numbers of channels. */
typedef struct {
  forge_window window;
  int groups, input_channels, output_channels;
  int input_zero_point;
  const int8_t *weights;
  const int32_t *bias;
  forge_requantization requantization;
} forge_grouped_conv_2d;

/* One output channel of one window. */
FORGE_INLINE int32_t forge_grouped_conv_2d_1(const forge_grouped_conv_2d *c, const forge_place *p,
                                             int channel) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels / c->groups;
  const int group = channel / (c->output_channels / c->groups);
  const int8_t *weights = c->weights + channel * w->kernel_height * w->kernel_width * depth;
  int32_t acc = c->bias[channel];
  for (int y = 0; y < w->kernel_height; ++y, weights += w->kernel_width * depth) {
    if (p->rows[y] == NULL) continue; /* padding equals the zero point: it adds nothing */
    const int8_t *row = p->rows[y] + group * depth;
    for (int x = p->begin; x < p->end; ++x) {
      const int column = p->left + x * w->dilation_width;
      acc = forge_dot(acc, row + column * c->input_channels, weights + x * depth, depth,
                      c->input_zero_point);
    }
  }
  return acc;
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_grouped_conv_2d_columns(const forge_grouped_conv_2d *c,
                                                const int8_t *const *rows, int begin, int end,
                                                int8_t *output) {
  for (int x = begin; x < end; ++x) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    for (int channel = 0; channel < c->output_channels; ++channel) {
      const int32_t acc = forge_grouped_conv_2d_1(c, &place, channel);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

#endif

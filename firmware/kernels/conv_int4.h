/* CONV_2D of 8-bit values and 4-bit weights, with any number of groups.
 * weights: output_channels x kernel_height x kernel_width x (input_channels / groups). */
#ifndef FORGE_KERNELS_CONV_INT4_H
#define FORGE_KERNELS_CONV_INT4_H

#include "kernels/int4.h"
#include "kernels/window.h"

typedef struct {
  forge_window window;
  int groups;
  int input_channels, output_channels;
  int input_zero_point;
  const uint8_t *weights;
  const int32_t *bias;
  forge_requantization requantization;
} forge_conv_2d_int4;

/* One output channel of one window. first: its group's first input channel. */
FORGE_INLINE int32_t forge_conv_2d_int4_1(const forge_conv_2d_int4 *c, const forge_place *p,
                                          int first, int channel) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels / c->groups;
  const int run = c->groups == 1 && w->dilation_width == 1 ? p->end - p->begin : 1;
  int32_t acc = c->bias[channel];
  for (int y = 0; y < w->kernel_height; ++y) {
    if (p->rows[y] == NULL) continue; /* padding equals the zero point: it adds nothing */
    const int line = (channel * w->kernel_height + y) * w->kernel_width;
    for (int x = p->begin; x < p->end; x += run) {
      const int column = p->left + x * w->dilation_width;
      acc = forge_dot_int4(acc, p->rows[y] + column * c->input_channels + first, c->weights,
                           (line + x) * depth, run * depth, c->input_zero_point);
    }
  }
  return acc;
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_conv_2d_int4_columns(const forge_conv_2d_int4 *c,
                                             const int8_t *const *rows, int begin, int end,
                                             int8_t *output) {
  const int depth = c->input_channels / c->groups;
  const int filters = c->output_channels / c->groups;
  for (int x = begin; x < end; ++x) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    for (int channel = 0; channel < c->output_channels; ++channel) {
      const int32_t acc = forge_conv_2d_int4_1(c, &place, channel / filters * depth, channel);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

#endif

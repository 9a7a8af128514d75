/* CONV_2D: every output is a bias plus a dot product over the window and all input channels.
 * weights: output_channels x kernel_height x kernel_width x input_channels. */
#ifndef FORGE_KERNELS_CONV_H
#define FORGE_KERNELS_CONV_H

#include "kernels/dot.h"
#include "kernels/requantize.h"
#include "kernels/window.h"

typedef struct {
  forge_window window;
  int input_channels, output_channels;
  int input_zero_point;
  const int8_t *weights;
  const int32_t *bias;
  forge_requantization requantization;
} forge_conv_2d;

/* Neighbouring columns lie side by side, so an undilated window row is one long dot product: it is
 * taken in runs of this many columns. */
FORGE_INLINE int forge_conv_2d_run_columns(const forge_window *w, const forge_place *p) {
  return w->dilation_width == 1 ? p->end - p->begin : 1;
}

/* One output channel of one window. */
FORGE_INLINE int32_t forge_conv_2d_1(const forge_conv_2d *c, const forge_place *p,
                                     int channel) {
  const forge_window *w = &c->window;
  const int run = forge_conv_2d_run_columns(w, p);
  const int8_t *weights =
      c->weights + channel * w->kernel_height * w->kernel_width * c->input_channels;
  int32_t acc = c->bias[channel];
  for (int y = 0; y < w->kernel_height; ++y, weights += w->kernel_width * c->input_channels) {
    if (p->rows[y] == NULL) continue; /* padding equals the zero point: it adds nothing */
    for (int x = p->begin; x < p->end; x += run) {
      const int column = p->left + x * w->dilation_width;
      acc = forge_dot(acc, p->rows[y] + column * c->input_channels,
                      weights + x * c->input_channels, run * c->input_channels,
                      c->input_zero_point);
    }
  }
  return acc;
}

/* Four output channels of one window. */
FORGE_INLINE void forge_conv_2d_4(const forge_conv_2d *c, const forge_place *p,
                                  int channel, int32_t acc[4]) {
  const forge_window *w = &c->window;
  const int run = forge_conv_2d_run_columns(w, p);
  const int size = w->kernel_height * w->kernel_width * c->input_channels;
  const int8_t *weights = c->weights + channel * size;
  for (int i = 0; i < 4; ++i) acc[i] = c->bias[channel + i];
  for (int y = 0; y < w->kernel_height; ++y, weights += w->kernel_width * c->input_channels) {
    if (p->rows[y] == NULL) continue;
    for (int x = p->begin; x < p->end; x += run) {
      const int column = p->left + x * w->dilation_width;
      forge_dot_4(acc, p->rows[y] + column * c->input_channels, weights + x * c->input_channels,
                  size, run * c->input_channels, c->input_zero_point);
    }
  }
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_conv_2d_columns(const forge_conv_2d *c, const int8_t *const *rows,
                                        int begin, int end, int8_t *output) {
  for (int x = begin; x < end; ++x) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    int channel = 0;
    for (; channel + 4 <= c->output_channels; channel += 4, output += 4) {
      int32_t acc[4];
      forge_conv_2d_4(c, &place, channel, acc);
      forge_requantize_4(&c->requantization, acc, channel, output);
    }
    for (; channel < c->output_channels; ++channel) {
      const int32_t acc = forge_conv_2d_1(c, &place, channel);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

#endif

/* CONV_2D: every output is a bias plus a dot product over the window and all input channels.
 * weights: output_channels x kernel_height x kernel_width x input_channels. */
#ifndef FORGE_KERNELS_CONV_H
#define FORGE_KERNELS_CONV_H

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

/* The part of the dot product that one window row contributes. */
FORGE_INLINE int32_t forge_conv_2d_window_row(const forge_conv_2d *c, const int8_t *row, int left,
                                              const int8_t *weights, int begin, int end) {
  const int channels = c->input_channels;
  const int step = c->window.dilation_width;
  if (step == 1) { /* neighbouring columns lie side by side: one long dot product */
    return forge_dot(row + (left + begin) * channels, weights + begin * channels,
                     (end - begin) * channels, c->input_zero_point);
  }
  int32_t acc = 0;
  for (int k = begin; k < end; ++k) {
    acc += forge_dot(row + (left + k * step) * channels, weights + k * channels, channels,
                     c->input_zero_point);
  }
  return acc;
}

FORGE_INLINE void forge_conv_2d_row(const forge_conv_2d *c, const int8_t *const *rows,
                                    int8_t *output) {
  const forge_window *w = &c->window;
  const int row_weights = w->kernel_width * c->input_channels;
  for (int x = 0; x < w->output_width; ++x) {
    const int left = forge_window_left(w, x);
    const int begin = forge_window_begin(w, left);
    const int end = forge_window_end(w, left);
    const int8_t *weights = c->weights;
    for (int channel = 0; channel < c->output_channels; ++channel) {
      int32_t acc = c->bias[channel];
      for (int k = 0; k < w->kernel_height; ++k, weights += row_weights) {
        if (rows[k] == NULL) continue; /* padding equals the zero point: it adds nothing */
        acc += forge_conv_2d_window_row(c, rows[k], left, weights, begin, end);
      }
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

/* The whole tensor. rows: room for kernel_height pointers. */
FORGE_INLINE void forge_conv_2d_run(const forge_conv_2d *c, const int8_t **rows,
                                    const int8_t *input, int8_t *output) {
  const forge_window *w = &c->window;
  for (int y = 0; y < w->output_height; ++y) {
    forge_window_rows(w, y, input, w->input_width * c->input_channels, rows);
    forge_conv_2d_row(c, rows, output);
    output += w->output_width * c->output_channels;
  }
}

#endif

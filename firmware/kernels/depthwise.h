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

FORGE_INLINE void forge_depthwise_conv_2d_row(const forge_depthwise_conv_2d *c,
                                              const int8_t *const *rows, int8_t *output) {
  const forge_window *w = &c->window;
  const int channels_out = c->input_channels * c->depth_multiplier;
  for (int x = 0; x < w->output_width; ++x) {
    const int left = forge_window_left(w, x);
    const int begin = forge_window_begin(w, left);
    const int end = forge_window_end(w, left);
    for (int channel = 0; channel < channels_out; ++channel) {
      const int source = channel / c->depth_multiplier;
      int32_t acc = c->bias[channel];
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (rows[ky] == NULL) continue; /* padding equals the zero point: it adds nothing */
        for (int kx = begin; kx < end; ++kx) {
          const int column = left + kx * w->dilation_width;
          const int8_t value = rows[ky][column * c->input_channels + source];
          const int8_t weight = c->weights[(ky * w->kernel_width + kx) * channels_out + channel];
          acc += (value - c->input_zero_point) * weight;
        }
      }
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

/* The whole tensor. rows: room for kernel_height pointers. */
FORGE_INLINE void forge_depthwise_conv_2d_run(const forge_depthwise_conv_2d *c,
                                              const int8_t **rows, const int8_t *input,
                                              int8_t *output) {
  const forge_window *w = &c->window;
  for (int y = 0; y < w->output_height; ++y) {
    forge_window_rows(w, y, input, w->input_width * c->input_channels, rows);
    forge_depthwise_conv_2d_row(c, rows, output);
    output += w->output_width * c->input_channels * c->depth_multiplier;
  }
}

#endif

/* CONV_2D of few different weights, output_channels x kernel_height x kernel_width x input_channels in a
 * stream of clustered.h, where a byte is two output channels' weights. */
#ifndef FORGE_KERNELS_CONV_CLUSTERED_H
#define FORGE_KERNELS_CONV_CLUSTERED_H

#include "kernels/clustered.h"
#include "kernels/window.h"

typedef struct {
  forge_window window;
  int input_channels, output_channels;
  int input_zero_point;
  const uint8_t *stream;
  const int32_t *bias;
  forge_requantization requantization;
} forge_conv_2d_clustered;

/* Two output channels of one window, or of two whose inputs lie step bytes apart; 0 for one. which: of
 * these channels' weights. */
FORGE_INLINE void forge_conv_2d_clustered_2(const forge_conv_2d_clustered *c, const forge_place *p,
                                            int step, const forge_clusters *clusters,
                                            const uint8_t *which, int32_t *acc) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels;
  const int run = w->dilation_width == 1 ? p->end - p->begin : 1;
  for (int y = 0; y < w->kernel_height; ++y, which += w->kernel_width * depth) {
    if (p->rows[y] == NULL) continue; /* padding equals the zero point: it adds nothing */
    for (int x = p->begin; x < p->end; x += run) {
      const int column = p->left + x * w->dilation_width;
      forge_dot_clustered(acc, p->rows[y] + column * depth, step, which + x * depth, clusters,
                          run * depth);
    }
  }
}

/* Whether the next window is taken with one, where so many are left: neither reaches into padding at
 * its left or right. */
FORGE_INLINE int forge_conv_2d_clustered_both(const forge_window *w, const forge_place *p,
                                              int left) {
  const int last = p->left + w->stride_width + (w->kernel_width - 1) * w->dilation_width;
  return FORGE_CLUSTERED_PIXELS == 2 && left > 1 && p->left >= 0 && last < w->input_width;
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_conv_2d_columns_clustered(const forge_conv_2d_clustered *c,
                                                  const int8_t *const *rows, int begin, int end,
                                                  int8_t *output) {
  const int size = c->window.kernel_height * c->window.kernel_width * c->input_channels;
  const int channels = c->output_channels;
  forge_clusters clusters;
  forge_clusters_copy(&clusters, c->stream, c->input_zero_point);
  for (int x = begin, pixels; x < end; x += pixels, output += pixels * channels) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    pixels = 1 + forge_conv_2d_clustered_both(&c->window, &place, end - x);
    const int step = pixels == 2 ? c->window.stride_width * c->input_channels : 0;
    const uint8_t *which = c->stream + FORGE_CLUSTERS;
    for (int channel = 0; channel < channels; channel += 2, which += size) {
      int32_t acc[FORGE_CLUSTERED_SUMS];
      for (int i = 0; i < pixels; ++i) forge_clustered_begin(c->bias, channel, channels, acc + 2 * i);
      forge_conv_2d_clustered_2(c, &place, step, &clusters, which, acc);
      for (int i = 0; i < pixels; ++i) {
        forge_clustered_outputs(&c->requantization, acc + 2 * i, channel, channels,
                                output + i * channels + channel);
      }
    }
  }
}

#endif

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

/* Two output channels of one window. which: of these channels' weights. */
FORGE_INLINE void forge_conv_2d_clustered_2(const forge_conv_2d_clustered *c, const forge_place *p,
                                            const forge_clusters *clusters, const uint8_t *which,
                                            int32_t acc[2]) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels;
  const int run = w->dilation_width == 1 ? p->end - p->begin : 1;
  for (int y = 0; y < w->kernel_height; ++y, which += w->kernel_width * depth) {
    if (p->rows[y] == NULL) continue; /* padding equals the zero point: it adds nothing */
    for (int x = p->begin; x < p->end; x += run) {
      const int column = p->left + x * w->dilation_width;
      forge_dot_clustered(acc, p->rows[y] + column * depth, which + x * depth, clusters,
                          run * depth, c->input_zero_point);
    }
  }
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_conv_2d_columns_clustered(const forge_conv_2d_clustered *c,
                                                  const int8_t *const *rows, int begin, int end,
                                                  int8_t *output) {
  const int size = c->window.kernel_height * c->window.kernel_width * c->input_channels;
  const forge_clusters clusters = forge_clusters_of(c->stream);
  for (int x = begin; x < end; ++x) {
    const forge_place place = forge_window_place(&c->window, rows, x);
    const uint8_t *which = c->stream + FORGE_CLUSTERS;
    for (int channel = 0; channel < c->output_channels; channel += 2, which += size) {
      int32_t acc[2];
      forge_clustered_begin(c->bias, channel, c->output_channels, acc);
      forge_conv_2d_clustered_2(c, &place, &clusters, which, acc);
      output =
          forge_clustered_outputs(&c->requantization, acc, channel, c->output_channels, output);
    }
  }
}

#endif

/* FULLY_CONNECTED of few different weights: rows of input_depth values, each against
 * output_depth x input_depth weights in a stream of clustered.h. */
#ifndef FORGE_KERNELS_FULLY_CONNECTED_CLUSTERED_H
#define FORGE_KERNELS_FULLY_CONNECTED_CLUSTERED_H

#include "kernels/clustered.h"

typedef struct {
  int rows, input_depth, output_depth;
  int input_zero_point;
  const uint8_t *stream;
  const int32_t *bias;
  forge_requantization requantization;
} forge_fully_connected_clustered;

FORGE_INLINE void forge_fully_connected_run_clustered(const forge_fully_connected_clustered *c,
                                                      const int8_t *input, int8_t *output) {
  forge_clusters clusters;
  forge_clusters_copy(&clusters, c->stream, c->input_zero_point);
  for (int row = 0; row < c->rows; ++row, input += c->input_depth) {
    const uint8_t *which = c->stream + FORGE_CLUSTERS;
    for (int channel = 0; channel < c->output_depth; channel += 2, which += c->input_depth) {
      int32_t acc[FORGE_CLUSTERED_SUMS];
      forge_clustered_begin(c->bias, channel, c->output_depth, acc);
      forge_dot_clustered(acc, input, 0, which, &clusters, c->input_depth);
      output = forge_clustered_outputs(&c->requantization, acc, channel, c->output_depth, output);
    }
  }
}

/* One row of input_depth values that come in pieces. */
typedef struct {
  forge_fully_connected_clustered layer;
  int pieces;
} forge_fully_connected_pieces_clustered;

/* Piece k as it is made. accumulators: one an output. */
FORGE_INLINE void forge_fully_connected_accumulate_clustered(
    const forge_fully_connected_pieces_clustered *c, int k, const int8_t *input,
    int32_t *accumulators, int8_t *output) {
  const forge_fully_connected_clustered *l = &c->layer;
  const int size = l->input_depth / c->pieces, channels = l->output_depth;
  const int32_t *begin = k == 0 ? l->bias : accumulators;
  forge_clusters clusters;
  forge_clusters_copy(&clusters, l->stream, l->input_zero_point);
  const uint8_t *which = l->stream + FORGE_CLUSTERS + k * size;
  for (int channel = 0; channel < channels; channel += 2, which += l->input_depth) {
    int32_t acc[FORGE_CLUSTERED_SUMS];
    forge_clustered_begin(begin, channel, channels, acc);
    forge_dot_clustered(acc, input, 0, which, &clusters, size);
    for (int i = 0; i < 2 && channel + i < channels; ++i) accumulators[channel + i] = acc[i];
    if (k == c->pieces - 1) {
      output = forge_clustered_outputs(&l->requantization, acc, channel, channels, output);
    }
  }
}

#endif

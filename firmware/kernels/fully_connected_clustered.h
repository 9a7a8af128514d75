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

FORGE_INLINE void forge_fully_connected_clustered_run(const forge_fully_connected_clustered *c,
                                                      const int8_t *input, int8_t *output) {
  const forge_clusters clusters = forge_clusters_of(c->stream);
  for (int row = 0; row < c->rows; ++row, input += c->input_depth) {
    const uint8_t *which = c->stream + FORGE_CLUSTERS;
    for (int channel = 0; channel < c->output_depth; channel += 2, which += c->input_depth) {
      int32_t acc[2];
      forge_clustered_biases(c->bias, channel, c->output_depth, acc);
      forge_dot_clustered(acc, input, which, &clusters, c->input_depth, c->input_zero_point);
      output = forge_clustered_outputs(&c->requantization, acc, channel, c->output_depth, output);
    }
  }
}

#endif

/* FULLY_CONNECTED: rows of input_depth values, each against output_depth x input_depth weights. */
#ifndef FORGE_KERNELS_FULLY_CONNECTED_H
#define FORGE_KERNELS_FULLY_CONNECTED_H

#include "kernels/requantize.h"

typedef struct {
  int rows, input_depth, output_depth;
  int input_zero_point;
  const int8_t *weights;
  const int32_t *bias;
  forge_requantization requantization;
} forge_fully_connected;

FORGE_INLINE void forge_fully_connected_run(const forge_fully_connected *c, const int8_t *input,
                                            int8_t *output) {
  for (int row = 0; row < c->rows; ++row, input += c->input_depth) {
    const int8_t *weights = c->weights;
    for (int channel = 0; channel < c->output_depth; ++channel, weights += c->input_depth) {
      const int32_t acc = c->bias[channel] +
                          forge_dot(input, weights, c->input_depth, c->input_zero_point);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

#endif

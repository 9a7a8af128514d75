/* FULLY_CONNECTED: rows of input_depth values, each against output_depth x input_depth weights. */
#ifndef FORGE_KERNELS_FULLY_CONNECTED_H
#define FORGE_KERNELS_FULLY_CONNECTED_H

#include "kernels/dot.h"
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
  const int depth = c->input_depth;
  for (int row = 0; row < c->rows; ++row, input += depth) {
    const int8_t *weights = c->weights;
    int channel = 0;
    for (; channel + 4 <= c->output_depth; channel += 4, weights += 4 * depth, output += 4) {
      int32_t acc[4];
      for (int i = 0; i < 4; ++i) acc[i] = c->bias[channel + i];
      forge_dot_4(acc, input, weights, depth, depth, c->input_zero_point);
      forge_requantize_4(&c->requantization, acc, channel, output);
    }
    for (; channel < c->output_depth; ++channel, weights += depth) {
      const int32_t acc =
          forge_dot(c->bias[channel], input, weights, depth, c->input_zero_point);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

/* One row of input_depth values that come in pieces. */
typedef struct {
  forge_fully_connected layer;
  int pieces;
} forge_fully_connected_pieces;

/* Piece k as it is made. accumulators: one an output. */
FORGE_INLINE void forge_fully_connected_accumulate(const forge_fully_connected_pieces *c, int k,
                                                   const int8_t *input, int32_t *accumulators,
                                                   int8_t *output) {
  const forge_fully_connected *l = &c->layer;
  const int size = l->input_depth / c->pieces;
  const int8_t *weights = l->weights + k * size;
  for (int channel = 0; channel < l->output_depth; ++channel, weights += l->input_depth) {
    const int32_t begin = k == 0 ? l->bias[channel] : accumulators[channel];
    const int32_t acc = forge_dot(begin, input, weights, size, l->input_zero_point);
    accumulators[channel] = acc;
    if (k == c->pieces - 1) {
      output[channel] = forge_requantize_channel(&l->requantization, acc, channel);
    }
  }
}

#endif

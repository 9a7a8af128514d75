/* FULLY_CONNECTED of 8-bit values and 4-bit weights: rows of input_depth values, each against
 * output_depth x input_depth weights. */
#ifndef FORGE_KERNELS_FULLY_CONNECTED_INT4_H
#define FORGE_KERNELS_FULLY_CONNECTED_INT4_H

#include "kernels/int4.h"

typedef struct {
  int rows, input_depth, output_depth;
  int input_zero_point;
  const uint8_t *weights;
  const int32_t *bias;
  forge_requantization requantization;
} forge_fully_connected_int4;

FORGE_INLINE void forge_fully_connected_int4_run(const forge_fully_connected_int4 *c,
                                                 const int8_t *input, int8_t *output) {
  const int depth = c->input_depth;
  for (int row = 0; row < c->rows; ++row, input += depth) {
    for (int channel = 0; channel < c->output_depth; ++channel) {
      const int32_t acc = forge_dot_int4(c->bias[channel], input, c->weights, channel * depth,
                                         depth, c->input_zero_point);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

/* One row of input_depth values that come in pieces. */
typedef struct {
  forge_fully_connected_int4 layer;
  int pieces;
} forge_fully_connected_pieces_int4;

/* Piece k as it is made. accumulators: one an output. */
FORGE_INLINE void forge_fully_connected_accumulate_int4(
    const forge_fully_connected_pieces_int4 *c, int k, const int8_t *input, int32_t *accumulators,
    int8_t *output) {
  const forge_fully_connected_int4 *l = &c->layer;
  const int size = l->input_depth / c->pieces;
  for (int channel = 0; channel < l->output_depth; ++channel) {
    const int32_t begin = k == 0 ? l->bias[channel] : accumulators[channel];
    const int32_t acc = forge_dot_int4(begin, input, l->weights,
                                       channel * l->input_depth + k * size, size,
                                       l->input_zero_point);
    accumulators[channel] = acc;
    if (k == c->pieces - 1) {
      output[channel] = forge_requantize_channel(&l->requantization, acc, channel);
    }
  }
}

#endif

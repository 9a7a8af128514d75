/* FULLY_CONNECTED of 16-bit values and 8-bit weights: rows of input_depth values, each against
 * output_depth x input_depth weights. */
#ifndef FORGE_KERNELS_FULLY_CONNECTED_INT16_H
#define FORGE_KERNELS_FULLY_CONNECTED_INT16_H

#include "kernels/int16.h"

/* narrow: a row's products, as forge_dot_i16 has it. */
typedef struct {
  int rows, input_depth, output_depth;
  int narrow;
  const int8_t *weights;
  const int64_t *bias;
  forge_requantization_i16 requantization;
} forge_fully_connected_i16;

FORGE_INLINE void forge_fully_connected_i16_run(const forge_fully_connected_i16 *c,
                                                const int8_t *bytes, int8_t *output_bytes) {
  const int depth = c->input_depth;
  const forge_i16 *input = forge_values_i16(bytes);
  forge_i16 *output = forge_output_i16(output_bytes);
  for (int row = 0; row < c->rows; ++row, input += depth) {
    const int8_t *weights = c->weights;
    int channel = 0;
    for (; channel + 4 <= c->output_depth; channel += 4, weights += 4 * depth, output += 4) {
      int64_t sum[4];
      for (int i = 0; i < 4; ++i) sum[i] = c->bias[channel + i];
      forge_dot_4_i16(sum, input, weights, depth, depth, c->narrow);
      forge_requantize_4_i16(&c->requantization, sum, channel, output);
    }
    for (; channel < c->output_depth; ++channel, weights += depth) {
      const int64_t sum = c->bias[channel] + forge_dot_i16(input, weights, depth, c->narrow);
      *output++ = forge_requantize_channel_i16(&c->requantization, sum, channel);
    }
  }
}

/* One row of input_depth values that come in pieces. */
typedef struct {
  forge_fully_connected_i16 layer;
  int pieces;
} forge_fully_connected_pieces_i16;

/* Piece k as it is made. memory: for a sum of 64 bits an output. */
FORGE_INLINE void forge_fully_connected_accumulate_i16(const forge_fully_connected_pieces_i16 *c,
                                                       int k, const int8_t *input, void *memory,
                                                       int8_t *output) {
  const forge_fully_connected_i16 *l = &c->layer;
  const int size = l->input_depth / c->pieces;
  const int8_t *weights = l->weights + k * size;
  forge_sum_i16 *sums = memory;
  for (int channel = 0; channel < l->output_depth; ++channel, weights += l->input_depth) {
    const int64_t begin = k == 0 ? l->bias[channel] : sums[channel];
    const int64_t sum = begin + forge_dot_i16(forge_values_i16(input), weights, size, l->narrow);
    sums[channel] = sum;
    if (k == c->pieces - 1) {
      forge_output_i16(output)[channel] =
          forge_requantize_channel_i16(&l->requantization, sum, channel);
    }
  }
}

#endif

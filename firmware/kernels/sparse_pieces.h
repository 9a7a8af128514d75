/* FULLY_CONNECTED with few weights, wherever they are, of one row of inputs that comes in pieces: for
 * each piece and output channel a list of them.
 *
 * The stream begins with where in it each piece begins, counted in words. There follow, for each output
 * channel: bias, with what the input's zero point adds; multiplier, offset and right shift, as in
 * dense.h. Then, for each piece: a byte for each output channel, up to a whole word, how many times four
 * weights its list has; and the lists, as sparse_rows.h has them. */
#ifndef FORGE_KERNELS_SPARSE_PIECES_H
#define FORGE_KERNELS_SPARSE_PIECES_H

#include "kernels/sparse_rows.h"

/* dense: stream, channels, and what makes outputs of sums. */
typedef struct {
  int pieces;
  forge_dense dense;
} forge_sparse_pieces;

/* Piece k as it is made. accumulators: one an output. */
FORGE_INLINE void forge_sparse_pieces_accumulate(const forge_sparse_pieces *c, int k,
                                                 const int8_t *input, int32_t *accumulators,
                                                 int8_t *output) {
  const int32_t *stream = c->dense.stream, *parameters = stream + c->pieces;
  const uint8_t *fours = (const uint8_t *)(stream + stream[k]);
  const int32_t *list = stream + stream[k] + (c->dense.channels + 3) / 4;
  for (int channel = 0; channel < c->dense.channels; ++channel, parameters += 4) {
    const int32_t *end = list + 2 * fours[channel];
    const int32_t begin = k == 0 ? parameters[0] : accumulators[channel];
    const uint32_t sum = forge_sparse_rows_list(input, list, end, (uint32_t)begin);
    accumulators[channel] = (int32_t)sum;
    if (k == c->pieces - 1) {
      output[channel] = forge_dense_output(&c->dense, (int32_t)(2 * sum), parameters + 1);
    }
    list = end;
  }
}

#endif

/* FULLY_CONNECTED by dense.h: up to three rows at once. */
#ifndef FORGE_KERNELS_DENSE_FULLY_CONNECTED_H
#define FORGE_KERNELS_DENSE_FULLY_CONNECTED_H

#include "kernels/dense.h"

typedef struct {
  int rows, input_depth;
  forge_dense dense;
} forge_dense_fully_connected;

/* Up to three rows. */
FORGE_INLINE void forge_dense_fully_connected_rows(const forge_dense_fully_connected *c, int rows,
                                                   const int8_t *input, int8_t *output,
                                                   int16_t *tile) {
  const int8_t *inputs[FORGE_DENSE_PIXELS];
  for (int row = 0; row < rows; ++row) inputs[row] = input + row * c->input_depth;
  int16_t *rest = tile + c->input_depth / 4 * 4 * rows;
  forge_dense_fill(rows, inputs, c->input_depth, tile, rest, 0);
  forge_dense_run(&c->dense, rows, tile, output);
}

FORGE_INLINE void forge_dense_fully_connected_run(const forge_dense_fully_connected *c,
                                                  const int8_t *input, int8_t *output,
                                                  int16_t *tile) {
  const int threes = forge_dense_threes(&c->dense, c->rows), left = c->rows - 3 * threes;
  const int in = c->input_depth, out = c->dense.channels;
  for (int i = 0; i < threes; ++i, input += 3 * in, output += 3 * out) {
    forge_dense_fully_connected_rows(c, 3, input, output, tile);
  }
  for (int i = 0; i < left / 2; ++i, input += 2 * in, output += 2 * out) {
    forge_dense_fully_connected_rows(c, 2, input, output, tile);
  }
  if (left % 2) forge_dense_fully_connected_rows(c, 1, input, output, tile);
}

#endif

/* FULLY_CONNECTED by dense.h: two rows at once, and one that is left. */
#ifndef FORGE_KERNELS_DENSE_FULLY_CONNECTED_H
#define FORGE_KERNELS_DENSE_FULLY_CONNECTED_H

#include "kernels/dense.h"

typedef struct {
  int rows, input_depth;
  forge_dense dense;
} forge_dense_fully_connected;

/* One row or two. */
FORGE_INLINE void forge_dense_fully_connected_rows(const forge_dense_fully_connected *c, int rows,
                                                   const int8_t *input, int8_t *output,
                                                   int16_t *tile) {
  const int8_t *const inputs[2] = {input, input + c->input_depth};
  int16_t *rest = tile + c->input_depth / 4 * 4 * rows;
  forge_dense_fill(rows, inputs, c->input_depth, tile, rest, 0);
  forge_dense_run(&c->dense, rows, tile, output, output + c->dense.channels);
}

FORGE_INLINE void forge_dense_fully_connected_run(const forge_dense_fully_connected *c,
                                                  const int8_t *input, int8_t *output,
                                                  int16_t *tile) {
  int row = 0;
  for (; row + 2 <= c->rows; row += 2) {
    forge_dense_fully_connected_rows(c, 2, input + row * c->input_depth,
                                     output + row * c->dense.channels, tile);
  }
  if (row < c->rows) {
    forge_dense_fully_connected_rows(c, 1, input + row * c->input_depth,
                                     output + row * c->dense.channels, tile);
  }
}

#endif

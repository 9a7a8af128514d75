/* FULLY_CONNECTED by matrix.h: rows are pixels, taken where they are or, of depths that are no whole
 * chunks, copied one by one. */
#ifndef FORGE_KERNELS_MATRIX_FULLY_CONNECTED_H
#define FORGE_KERNELS_MATRIX_FULLY_CONNECTED_H

#include "kernels/matrix.h"

typedef struct {
  int rows, input_depth;
  forge_matrix matrix;
} forge_matrix_fully_connected;

FORGE_INLINE void forge_matrix_fully_connected_run(const forge_matrix_fully_connected *c,
                                                   const int8_t *input, int8_t *output) {
  forge_matrix_run(&c->matrix, input, c->input_depth, c->rows, output);
}

/* scratch: whole chunks for a row. */
FORGE_INLINE void forge_matrix_fully_connected_copied(const forge_matrix_fully_connected *c,
                                                      const int8_t *input, int8_t *output,
                                                      int8_t *scratch) {
  for (int row = 0; row < c->rows; ++row) {
    forge_matrix_copy(scratch, input + row * c->input_depth, c->input_depth);
    forge_matrix_run(&c->matrix, scratch, 0, 1, output + row * c->matrix.channels);
  }
}

#endif

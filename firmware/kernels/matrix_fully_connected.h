/* FULLY_CONNECTED by matrix.h: rows are pixels, taken where they are. */
#ifndef FORGE_KERNELS_MATRIX_FULLY_CONNECTED_H
#define FORGE_KERNELS_MATRIX_FULLY_CONNECTED_H

#include "kernels/matrix.h"

typedef struct {
  int rows, input_depth;
  forge_matrix matrix;
} forge_matrix_fully_connected;

FORGE_INLINE void forge_matrix_fully_connected_run(const forge_matrix_fully_connected *c,
                                                   const int8_t *input, int8_t *output) {
  forge_matrix_run(&c->matrix, 0, input, c->input_depth, c->rows, output);
}

#endif

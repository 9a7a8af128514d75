/* A tensor in the arena as layers that work by rows see it. */
#ifndef FORGE_KERNELS_ROWS_H
#define FORGE_KERNELS_ROWS_H

#include "kernels/fixed_point.h"

/* Room for count rows of size bytes: for all of the tensor, or for the last few rows made of it,
 * which follow each other round and round. */
typedef struct {
  const int8_t *first;
  int size, count;
} forge_rows;

FORGE_INLINE const int8_t *forge_row(const forge_rows *rows, int y) {
  return rows->first + y % rows->count * rows->size;
}

#endif

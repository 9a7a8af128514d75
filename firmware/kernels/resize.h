/* RESIZE_NEAREST_NEIGHBOR: each pixel of the output is one of the input's. */
#ifndef FORGE_KERNELS_RESIZE_H
#define FORGE_KERNELS_RESIZE_H

#include "kernels/bytes.h"

/* column: the input column of each column of the output, width of them. pixel: its bytes. */
typedef struct {
  int width, pixel;
  const int32_t *column;
} forge_resize_nearest;

/* A row of the output from a row of the input: which one is the caller's business. */
FORGE_INLINE void forge_resize_nearest_row(const forge_resize_nearest *c, const int8_t *input,
                                           int8_t *output) {
  for (int x = 0; x < c->width; ++x, output += c->pixel) {
    forge_copy_bytes(output, input + c->column[x] * c->pixel, c->pixel);
  }
}

#endif

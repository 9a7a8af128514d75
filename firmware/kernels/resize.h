/* RESIZE_NEAREST_NEIGHBOR: each pixel of the output is one of the input's. */
#ifndef FORGE_KERNELS_RESIZE_H
#define FORGE_KERNELS_RESIZE_H

#include "kernels/bytes.h"

/* row, column: the input row of each output row, the input column of each output column. */
typedef struct {
  int height, width; /* of the output */
  int input_width;
  int channels;
  const int32_t *row, *column;
} forge_resize_nearest;

FORGE_INLINE void forge_resize_nearest_row(const forge_resize_nearest *c, const int8_t *input,
                                           int8_t *output) {
  for (int x = 0; x < c->width; ++x, output += c->channels) {
    forge_copy_bytes(output, input + c->column[x] * c->channels, c->channels);
  }
}

FORGE_INLINE void forge_resize_nearest_run(const forge_resize_nearest *c, const int8_t *input,
                                           int8_t *output) {
  for (int y = 0; y < c->height; ++y, output += c->width * c->channels) {
    forge_resize_nearest_row(c, input + c->row[y] * c->input_width * c->channels, output);
  }
}

#endif

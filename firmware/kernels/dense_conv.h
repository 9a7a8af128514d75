/* CONV_2D by dense.h: the windows of two neighbouring outputs at once become a tile. */
#ifndef FORGE_KERNELS_DENSE_CONV_H
#define FORGE_KERNELS_DENSE_CONV_H

#include "kernels/bytes.h"
#include "kernels/dense.h"
#include "kernels/window.h"

/* In the tile, the quads of each kernel row follow each other; then what is left of all rows. Behind
 * it there is room for a kernel row of each pixel. */
typedef struct {
  forge_window window;
  int input_channels;
  int input_zero_point;
  forge_dense dense;
} forge_dense_conv;

/* Whether no window has columns in the padding. */
FORGE_INLINE int forge_dense_conv_inside(const forge_window *w) {
  return w->pad_left == 0 &&
         (w->output_width - 1) * w->stride_width + w->kernel_width <= w->input_width;
}

/* A row of a window, padding with the zero point, column by column. */
FORGE_INLINE void forge_dense_conv_copy(const forge_dense_conv *c, const int8_t *row, int left,
                                        int8_t *copy) {
  const forge_window *w = &c->window;
  for (int x = 0; x < w->kernel_width; ++x, left += w->dilation_width) {
    if (row == NULL || left < 0 || left >= w->input_width) {
      copy = forge_fill_bytes(copy, c->input_zero_point, c->input_channels);
    } else {
      copy = forge_copy_bytes(copy, row + left * c->input_channels, c->input_channels);
    }
  }
}

/* Where a row of a window lies from its first column to its last: in the image, or in a copy. */
FORGE_INLINE const int8_t *forge_dense_conv_row(const forge_dense_conv *c, const int8_t *row,
                                                int left, int8_t *copy) {
  const forge_window *w = &c->window;
  const int whole = w->dilation_width == 1 || w->kernel_width == 1;
  const int inside = forge_dense_conv_inside(w) ||
                     (left >= 0 && left + w->kernel_width <= w->input_width);
  if (whole && inside && row != NULL) return row + left * c->input_channels;
  forge_dense_conv_copy(c, row, left, copy);
  return copy;
}

/* The outputs of one column or two, x and the next. */
FORGE_INLINE void forge_dense_conv_pixels(const forge_dense_conv *c, const int8_t *const *rows,
                                          int x, int pixels, int16_t *tile, int8_t *output) {
  const forge_window *w = &c->window;
  const int left = forge_window_left(w, x), size = w->kernel_width * c->input_channels;
  int8_t *copies = (int8_t *)(tile + c->dense.quads * 4 * pixels);
  int16_t *at = tile, *rest = tile + w->kernel_height * (size / 4) * 4 * pixels;
  for (int y = 0; y < w->kernel_height; ++y) {
    const int8_t *inputs[2];
    for (int pixel = 0; pixel < pixels; ++pixel) {
      inputs[pixel] = forge_dense_conv_row(c, rows[y], left + pixel * w->stride_width,
                                           copies + pixel * size);
    }
    at = forge_dense_fill(pixels, inputs, size, at, rest, y * (size % 4));
  }
  forge_dense_run(&c->dense, pixels, tile, output, output + c->dense.channels);
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_dense_conv_columns(const forge_dense_conv *c, const int8_t *const *rows,
                                           int begin, int end, int16_t *tile, int8_t *output) {
  int x = begin;
  for (; x + 2 <= end; x += 2, output += 2 * c->dense.channels) {
    forge_dense_conv_pixels(c, rows, x, 2, tile, output);
  }
  if (x < end) forge_dense_conv_pixels(c, rows, x, 1, tile, output);
}

#endif

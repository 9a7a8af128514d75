/* CONV_2D by dense.h: the windows of up to three neighbouring outputs at once become a tile. */
#ifndef FORGE_KERNELS_DENSE_CONV_H
#define FORGE_KERNELS_DENSE_CONV_H

#include "kernels/bytes.h"
#include "kernels/dense.h"
#include "kernels/window.h"

/* In the tile, the quads of each kernel row follow each other; then what is left of all rows. Behind
 * it there is room for a kernel row of each pixel, and 3 bytes. */
typedef struct {
  forge_window window;
  int input_channels;
  int input_zero_point;
  forge_dense dense;
} forge_dense_conv;

/* Whether a row of a window that begins at a column lies in the image side by side. */
FORGE_INLINE int forge_dense_conv_inside(const forge_window *w, int left, int kernel_width) {
  return (w->dilation_width == 1 || w->kernel_width == 1) && left >= 0 &&
         left + kernel_width <= w->input_width;
}

/* Copies by words: up to so many bytes that is less than what memcpy takes to begin. */
#define FORGE_DENSE_FEW_BYTES 32

/* Returns where the copy ends. */
FORGE_INLINE int8_t *forge_dense_conv_copy(int8_t *copy, const int8_t *input, int count) {
  if (count > FORGE_DENSE_FEW_BYTES) return forge_copy_bytes(copy, input, count);
  int i = 0;
  for (; i + 4 <= count; i += 4) __builtin_memcpy(copy + i, input + i, 4);
  for (; i < count; ++i) copy[i] = input[i];
  return copy + count;
}

/* A row of a window, padding with the zero point; up to 3 bytes more are written. */
FORGE_INLINE void forge_dense_conv_copy_row(const forge_dense_conv *c, const int8_t *row, int left,
                                            int8_t *copy) {
  const forge_window *w = &c->window;
  const uint32_t padding = 0x01010101u * (uint8_t)c->input_zero_point;
  for (int x = 0, run = 1; x < w->kernel_width; x += run) {
    const int column = left + x * w->dilation_width, right = w->input_width - column;
    if (row == NULL || column < 0 || right <= 0) {
      run = 1;
      for (int i = 0; i < c->input_channels; i += 4) __builtin_memcpy(copy + i, &padding, 4);
      copy += c->input_channels;
    } else {
      if (w->dilation_width == 1) run = w->kernel_width - x < right ? w->kernel_width - x : right;
      const int8_t *input = row + column * c->input_channels;
      copy = forge_dense_conv_copy(copy, input, run * c->input_channels);
    }
  }
}

/* The windows of up to three columns to the tile. copies: room for a row of each where not all of them
 * lie side by side in the image, NULL where they do. */
FORGE_INLINE void forge_dense_conv_fill(const forge_dense_conv *c, const int8_t *const *rows, int x,
                                        int pixels, int16_t *tile, int8_t *copies) {
  const forge_window *w = &c->window;
  const int left = forge_window_left(w, x), size = w->kernel_width * c->input_channels;
  int16_t *at = tile, *rest = tile + w->kernel_height * (size / 4) * 4 * pixels;
  for (int y = 0; y < w->kernel_height; ++y) {
    const int8_t *inputs[FORGE_DENSE_PIXELS];
#pragma GCC unroll 3
    for (int pixel = 0; pixel < pixels; ++pixel) {
      const int column = left + pixel * w->stride_width;
      if (!copies || (rows[y] != NULL && forge_dense_conv_inside(w, column, w->kernel_width))) {
        inputs[pixel] = rows[y] + column * c->input_channels;
      } else {
        inputs[pixel] = copies + pixel * size;
        forge_dense_conv_copy_row(c, rows[y], column, copies + pixel * size);
      }
    }
    at = forge_dense_fill(pixels, inputs, size, at, rest, y * (size % 4));
  }
}

/* The same for any layer. */
FORGE_SHARED void forge_dense_conv_fill_any(const forge_dense_conv *c, const int8_t *const *rows,
                                            int x, int pixels, int16_t *tile, int8_t *copies) {
  if (pixels == 3) {
    forge_dense_conv_fill(c, rows, x, 3, tile, copies);
  } else if (pixels == 2) {
    forge_dense_conv_fill(c, rows, x, 2, tile, copies);
  } else {
    forge_dense_conv_fill(c, rows, x, 1, tile, copies);
  }
}

/* The same for windows that reach into the padding, or have gaps. Of few of them layers share the
 * code, unless there are many rows of a few bytes: first layers, of which a model has one. */
FORGE_INLINE void forge_dense_conv_fill_copied(const forge_dense_conv *c, const int8_t *const *rows,
                                               int x, int pixels, int16_t *tile) {
  int8_t *copies = (int8_t *)(tile + c->dense.quads * 4 * pixels);
  if (c->window.kernel_width * c->input_channels <= FORGE_DENSE_FEW_BYTES) {
    forge_dense_conv_fill(c, rows, x, pixels, tile, copies);
  } else {
    forge_dense_conv_fill_any(c, rows, x, pixels, tile, copies);
  }
}

/* Whether no window reaches into the padding or has gaps: then there is no room for copies. */
FORGE_INLINE int forge_dense_conv_always(const forge_window *w) {
  const int bottom = (w->output_height - 1) * w->stride_height +
                     (w->kernel_height - 1) * w->dilation_height + 1;
  const int right = (w->output_width - 1) * w->stride_width + w->kernel_width;
  return w->pad_top == 0 && w->pad_left == 0 && bottom <= w->input_height &&
         forge_dense_conv_inside(w, 0, right);
}

/* The outputs of up to three columns, from x on. whole: none of the rows is padding. */
FORGE_INLINE void forge_dense_conv_pixels(const forge_dense_conv *c, const int8_t *const *rows,
                                          int whole, int x, int pixels, int16_t *tile,
                                          int8_t *output) {
  const forge_window *w = &c->window;
  const int reach = (pixels - 1) * w->stride_width + w->kernel_width;
  if (forge_dense_conv_always(w) ||
      (whole && forge_dense_conv_inside(w, forge_window_left(w, x), reach))) {
    forge_dense_conv_fill(c, rows, x, pixels, tile, NULL);
  } else {
    forge_dense_conv_fill_copied(c, rows, x, pixels, tile);
  }
  forge_dense_run(&c->dense, pixels, tile, output);
}

/* Whether none of a window's rows is padding. */
FORGE_INLINE int forge_dense_conv_whole(const forge_window *w, const int8_t *const *rows) {
  int whole = 1;
  for (int y = 0; y < w->kernel_height; ++y) whole &= rows[y] != NULL;
  return whole;
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_dense_conv_columns(const forge_dense_conv *c, const int8_t *const *rows,
                                           int begin, int end, int16_t *tile, int8_t *output) {
  const int whole = forge_dense_conv_whole(&c->window, rows);
  const int threes = forge_dense_threes(&c->dense, end - begin);
  const int left = end - begin - 3 * threes, size = c->dense.channels;
  int x = begin;
  for (int i = 0; i < threes; ++i, x += 3, output += 3 * size) {
    forge_dense_conv_pixels(c, rows, whole, x, 3, tile, output);
  }
  for (int i = 0; i < left / 2; ++i, x += 2, output += 2 * size) {
    forge_dense_conv_pixels(c, rows, whole, x, 2, tile, output);
  }
  if (left % 2) forge_dense_conv_pixels(c, rows, whole, x, 1, tile, output);
}

#endif

/* A window that slides over an image of rows x columns x channels, channels innermost.
 * Kernels work by rows: they are given pointers to the input rows under the window, NULL for a
 * row of padding, and write one output row. Where the rows come from is the caller's business. */
#ifndef FORGE_KERNELS_WINDOW_H
#define FORGE_KERNELS_WINDOW_H

#include <stddef.h>

#include "kernels/rows.h"

/* pad_top, pad_left: rows and columns of padding before the image. pictures: how many there are,
 * one above the other, where there are several; 0 is one. */
typedef struct {
  int input_height, input_width;
  int output_height, output_width;
  int kernel_height, kernel_width;
  int stride_height, stride_width;
  int dilation_height, dilation_width;
  int pad_top, pad_left;
  int pictures;
} forge_window;

/* Fills rows[0..kernel_height) for output row y. */
FORGE_INLINE void forge_window_rows(const forge_window *w, int y, const forge_rows *input,
                                    const int8_t **rows) {
  const int picture = w->pictures > 1 ? y / w->output_height : 0;
  const int top = picture * w->input_height;
  int row = (y - picture * w->output_height) * w->stride_height - w->pad_top;
  for (int k = 0; k < w->kernel_height; ++k, row += w->dilation_height) {
    rows[k] = row < 0 || row >= w->input_height ? NULL : forge_row(input, top + row);
  }
}

/* The input column under the window's first column, for output column x; may be negative. */
FORGE_INLINE int forge_window_left(const forge_window *w, int x) {
  return x * w->stride_width - w->pad_left;
}

/* The window's columns inside the image are [begin, end), for a window at input column left. */
FORGE_INLINE int forge_window_begin(const forge_window *w, int left) {
  return left >= 0 ? 0 : (-left + w->dilation_width - 1) / w->dilation_width;
}

FORGE_INLINE int forge_window_end(const forge_window *w, int left) {
  const int inside = (w->input_width - left + w->dilation_width - 1) / w->dilation_width;
  return inside < w->kernel_width ? inside : w->kernel_width;
}

/* Where a window lies: rows (NULL in the padding), its first column, the columns inside the image. */
typedef struct {
  const int8_t *const *rows;
  int left, begin, end;
} forge_place;

FORGE_INLINE forge_place forge_window_place(const forge_window *w, const int8_t *const *rows,
                                            int x) {
  forge_place place;
  place.rows = rows;
  place.left = forge_window_left(w, x);
  place.begin = forge_window_begin(w, place.left);
  place.end = forge_window_end(w, place.left);
  return place;
}

/* Where a window at input column left sees a tap, counted row by row: its first channel, or padding. */
FORGE_INLINE const int8_t *forge_window_tap(const forge_window *w, const int8_t *const *rows,
                                            int left, int tap, int channels,
                                            const int8_t *padding) {
  const int8_t *row = rows[tap / w->kernel_width];
  const int column = left + tap % w->kernel_width * w->dilation_width;
  return row && column >= 0 && column < w->input_width ? row + column * channels : padding;
}

#endif

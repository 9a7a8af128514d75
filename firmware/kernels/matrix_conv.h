/* CONV_2D by matrix.h: the windows of up to four neighbouring outputs become a tile of their inputs,
 * side by side; windows that are a stretch of a row of the image are taken where they are. */
#ifndef FORGE_KERNELS_MATRIX_CONV_H
#define FORGE_KERNELS_MATRIX_CONV_H

#include "kernels/matrix.h"
#include "kernels/window.h"

#define FORGE_MATRIX_CONV_PIXELS 4

typedef struct {
  forge_window window;
  int input_channels;
  int input_zero_point;
  forge_matrix matrix;
} forge_matrix_conv;

/* Bytes from one pixel of a tile to the next: whole chunks. */
FORGE_INLINE int forge_matrix_conv_pitch(const forge_matrix_conv *c) {
  return c->matrix.chunks * FORGE_MATRIX_CHUNK;
}

#ifdef __ARM_FEATURE_MVE
#include "kernels/windows_mve.h"
#define forge_matrix_copy_window forge_copy_window_mve
#define forge_matrix_copy_windows forge_copy_windows_mve
#else

/* As windows_mve.h has them. */
FORGE_INLINE void forge_matrix_copy_window(int8_t *to, int step, const int8_t *const *rows,
                                           int height, int column, int size) {
  for (int y = 0; y < height; ++y, to += step) {
    if (rows[y] != NULL) forge_copy_bytes(to, rows[y] + column, size);
  }
}

FORGE_INLINE void forge_matrix_copy_windows(int8_t *to, int pitch, const int8_t *const *rows,
                                            int height, int column, int size, int stride) {
  for (int i = 0; i < FORGE_MATRIX_CONV_PIXELS; ++i, to += pitch, column += stride) {
    forge_matrix_copy_window(to, size, rows, height, column, size);
  }
}

#endif

/* What lies in the image of a window from column left on; the other inputs are there already. */
FORGE_INLINE void forge_matrix_conv_part(const forge_matrix_conv *c, const int8_t *const *rows,
                                         int left, int8_t *tile) {
  const forge_window *w = &c->window;
  const int channels = c->input_channels, step = w->kernel_width * channels;
  const int begin = forge_window_begin(w, left), end = forge_window_end(w, left);
  const int run = w->dilation_width == 1 ? end - begin : 1;
  for (int x = begin; x < end; x += run) {
    const int column = left + x * w->dilation_width;
    forge_matrix_copy_window(tile + x * channels, step, rows, w->kernel_height, column * channels,
                             run * channels);
  }
}

/* Windows of so many columns from x on, that reach into the padding or have gaps. */
FORGE_SHARED void forge_matrix_conv_parts(const forge_matrix_conv *c, const int8_t *const *rows,
                                          int x, int pixels, int8_t *tile) {
  const int pitch = forge_matrix_conv_pitch(c);
  forge_matrix_fill(tile, c->input_zero_point, pixels * pitch);
  tile += c->matrix.missing;
  for (int i = 0; i < pixels; ++i, tile += pitch) {
    forge_matrix_conv_part(c, rows, forge_window_left(&c->window, x + i), tile);
  }
}

/* Whether none of a window's rows is padding, and none has gaps. */
FORGE_INLINE int forge_matrix_conv_whole(const forge_window *w, const int8_t *const *rows) {
  int whole = w->dilation_width == 1 || w->kernel_width == 1;
  for (int y = 0; y < w->kernel_height; ++y) whole &= rows[y] != NULL;
  return whole;
}

/* So many windows, at most four, that lie in the image. */
FORGE_INLINE void forge_matrix_conv_whole_windows(const forge_matrix_conv *c,
                                                  const int8_t *const *rows, int left, int pixels,
                                                  int8_t *tile) {
  const forge_window *w = &c->window;
  const int channels = c->input_channels, size = w->kernel_width * channels;
  const int pitch = forge_matrix_conv_pitch(c), height = w->kernel_height;
  int column = left * channels;
  tile += c->matrix.missing;
  if (pixels == FORGE_MATRIX_CONV_PIXELS) {
    const int stride = w->stride_width * channels;
    forge_matrix_copy_windows(tile, pitch, rows, height, column, size, stride);
    return;
  }
  for (; pixels > 0; --pixels, tile += pitch, column += w->stride_width * channels) {
    forge_matrix_copy_window(tile, size, rows, height, column, size);
  }
}

/* So many windows, at most four, from column x on. whole: none of their rows is padding. */
FORGE_INLINE void forge_matrix_conv_fill(const forge_matrix_conv *c, const int8_t *const *rows,
                                         int whole, int x, int pixels, int8_t *tile) {
  const forge_window *w = &c->window;
  const int left = forge_window_left(w, x);
  const int right = left + (pixels - 1) * w->stride_width + w->kernel_width;
  if (whole && left >= 0 && right <= w->input_width) {
    forge_matrix_conv_whole_windows(c, rows, left, pixels, tile);
  } else {
    forge_matrix_conv_parts(c, rows, x, pixels, tile);
  }
}

/* Columns [begin, end) of an output row. tile: room for four pixels. */
FORGE_INLINE void forge_matrix_conv_columns(const forge_matrix_conv *c, const int8_t *const *rows,
                                            int begin, int end, int8_t *tile, int8_t *output) {
  const forge_matrix *m = &c->matrix;
  const int pitch = forge_matrix_conv_pitch(c), four = FORGE_MATRIX_CONV_PIXELS;
  const int whole = forge_matrix_conv_whole(&c->window, rows);
  const int8_t *const inputs = tile + m->missing;
  const int left = (end - begin) % four;
  int x = begin;
  for (; x < end - left; x += four, output += four * m->channels) {
    forge_matrix_conv_fill(c, rows, whole, x, four, tile);
    forge_matrix_four(m, 1, inputs, pitch, output);
  }
  if (left > 0) {
    forge_matrix_conv_fill(c, rows, whole, x, left, tile);
    forge_matrix_run(m, 1, inputs, pitch, left, output);
  }
}

/* The same of windows that are a stretch of a row, in the image. */
FORGE_INLINE void forge_matrix_conv_stretches(const forge_matrix_conv *c, const int8_t *const *rows,
                                              int begin, int end, int8_t *output) {
  const int pitch = c->window.stride_width * c->input_channels;
  forge_matrix_run(&c->matrix, 0, rows[0] + begin * pitch, pitch, end - begin, output);
}

#endif

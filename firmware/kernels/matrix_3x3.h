/* CONV_2D of 3x3 windows, side by side, whose inputs have 16, 32, 48 or 64 channels: four neighbouring
 * outputs from their six columns as they lie in the image. Each is loaded once for the up to three
 * windows that it belongs to, and only at the image's edges anything is copied.
 *
 * The stream is matrix.h's, but for the order of a pixel's chunks: of each row of the window, of each
 * 16 channels, the three columns. Output channels are even in number. */
#ifndef FORGE_KERNELS_MATRIX_3X3_H
#define FORGE_KERNELS_MATRIX_3X3_H

#include "kernels/matrix_conv.h"

#define FORGE_MATRIX_3X3_COLUMNS 6

#ifdef __ARM_FEATURE_MVE
#include "kernels/matrix_3x3_mve.h"
#else

/* So many times four outputs. rows: where the first window's begin. */
FORGE_INLINE void forge_matrix_3x3_quads(const forge_matrix_conv *c, const int8_t *const rows[3],
                                         int quads, int8_t *output) {
  const int channels = c->input_channels, chunks = channels / FORGE_MATRIX_CHUNK;
  for (int x = 0; x < FORGE_MATRIX_CONV_PIXELS * quads; ++x, output += c->matrix.channels) {
    int8_t pixel[9 * 64], *to = pixel;
    for (int i = 0; i < 9 * chunks; ++i) {
      const int8_t *row = rows[i / 3 / chunks] + (x + i % 3) * channels;
      to = forge_copy_bytes(to, row + i / 3 % chunks * FORGE_MATRIX_CHUNK, FORGE_MATRIX_CHUNK);
    }
    forge_matrix_run(&c->matrix, 0, pixel, 0, 1, output);
  }
}

#endif

/* The columns from left on that four outputs are made of, as an image of their own, with padding. */
FORGE_SHARED void forge_matrix_3x3_copy(const forge_matrix_conv *c, const int8_t *const *rows,
                                        int left, int8_t *tile) {
  const int channels = c->input_channels, right = c->window.input_width - left;
  const int begin = left < 0 ? -left : 0;
  const int end = right < FORGE_MATRIX_3X3_COLUMNS ? right : FORGE_MATRIX_3X3_COLUMNS;
  const int step = FORGE_MATRIX_3X3_COLUMNS * channels;
  forge_matrix_fill(tile, c->input_zero_point, 3 * step);
  if (begin >= end) return;
  forge_matrix_copy_window(tile + begin * channels, step, rows, 3, (left + begin) * channels,
                           (end - begin) * channels);
}

/* Four outputs, made of columns that are copied first. */
FORGE_INLINE void forge_matrix_3x3_edge(const forge_matrix_conv *c, const int8_t *const *rows,
                                        int left, int8_t *tile, int8_t *output) {
  const int step = FORGE_MATRIX_3X3_COLUMNS * c->input_channels;
  const int8_t *const copies[3] = {tile, tile + step, tile + 2 * step};
  forge_matrix_3x3_copy(c, rows, left, tile);
  forge_matrix_3x3_quads(c, copies, 1, output);
}

/* How many times four outputs from a column on need no padding: of so many columns. */
FORGE_INLINE int forge_matrix_3x3_inside(const forge_window *w, int left, int columns) {
  const int reach = (w->input_width - left - 2) / FORGE_MATRIX_CONV_PIXELS;
  const int quads = columns / FORGE_MATRIX_CONV_PIXELS;
  return left < 0 ? 0 : reach < quads ? reach : quads;
}

/* At least four columns of an output row: what is left at its end is made with some that are there. */
FORGE_INLINE void forge_matrix_3x3_line(const forge_matrix_conv *c, const int8_t *const *rows,
                                        int begin, int end, int8_t *tile, int8_t *output) {
  const forge_window *w = &c->window;
  const int channels = c->matrix.channels, whole = forge_matrix_conv_whole(w, rows);
  for (int x = begin, quads; x < end; x += FORGE_MATRIX_CONV_PIXELS * quads) {
    const int left = forge_window_left(w, x);
    quads = whole ? forge_matrix_3x3_inside(w, left, end - x) : 0;
    if (quads > 0) {
      const int column = left * c->input_channels;
      const int8_t *const from[3] = {rows[0] + column, rows[1] + column, rows[2] + column};
      forge_matrix_3x3_quads(c, from, quads, output + (x - begin) * channels);
    } else {
      quads = 1;
      if (x > end - FORGE_MATRIX_CONV_PIXELS) x = end - FORGE_MATRIX_CONV_PIXELS;
      forge_matrix_3x3_edge(c, rows, forge_window_left(w, x), tile, output + (x - begin) * channels);
    }
  }
}

/* Columns [begin, end) of an output row. tile: room for six columns of three rows, then for four
 * outputs. */
FORGE_INLINE void forge_matrix_3x3_columns(const forge_matrix_conv *c, const int8_t *const *rows,
                                           int begin, int end, int8_t *tile, int8_t *output) {
  if (end - begin >= FORGE_MATRIX_CONV_PIXELS) {
    forge_matrix_3x3_line(c, rows, begin, end, tile, output);
  } else {
    int8_t *const made = tile + 3 * FORGE_MATRIX_3X3_COLUMNS * c->input_channels;
    forge_matrix_3x3_edge(c, rows, forge_window_left(&c->window, begin), tile, made);
    forge_matrix_copy(output, made, (end - begin) * c->matrix.channels);
  }
}

#endif

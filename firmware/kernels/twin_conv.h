/* CONV_2D by twins.h, or by sparse_twins.h: the windows of two neighbouring outputs become a tile. */
#ifndef FORGE_KERNELS_TWIN_CONV_H
#define FORGE_KERNELS_TWIN_CONV_H

#include "kernels/sparse_twins.h"
#include "kernels/twins.h"
#include "kernels/window.h"

typedef struct {
  forge_window window;
  int input_channels;
  int input_zero_point;
  forge_twins twins;
} forge_twin_conv;

/* Returns where the words end. An input that is NULL is padding. */
FORGE_INLINE uint32_t *forge_twin_conv_stretch(const int8_t *first, const int8_t *second, int count,
                                               int8_t padding, uint32_t *tile) {
  for (int i = 0; i < count; ++i) {
    *tile++ = forge_twin(first ? first[i] : padding, second ? second[i] : padding);
  }
  return tile;
}

/* A pixel of the image, or NULL in the padding. */
FORGE_INLINE const int8_t *forge_twin_conv_pixel(const forge_twin_conv *c, const int8_t *row,
                                                 int column) {
  if (row == NULL || column < 0 || column >= c->window.input_width) return NULL;
  return row + column * c->input_channels;
}

/* The window at an input column, and the one that lies step columns to the right of it. */
FORGE_INLINE void forge_twin_conv_fill(const forge_twin_conv *c, const int8_t *const *rows, int left,
                                       int step, uint32_t *tile) {
  const forge_window *w = &c->window;
  const int8_t padding = (int8_t)c->input_zero_point;
  const int side_by_side = w->dilation_width == 1 && left >= 0 &&
                           left + step + w->kernel_width <= w->input_width;
  const int run = side_by_side ? w->kernel_width : 1;
  const uint32_t *end = tile + 4 * c->twins.words;
  for (int y = 0; y < w->kernel_height; ++y) {
    for (int x = 0; x < w->kernel_width; x += run) {
      const int column = left + x * w->dilation_width;
      const int8_t *first = forge_twin_conv_pixel(c, rows[y], column);
      const int8_t *second = forge_twin_conv_pixel(c, rows[y], column + step);
      tile = forge_twin_conv_stretch(first, second, run * c->input_channels, padding, tile);
    }
  }
  while (tile < end) *tile++ = 0;
}

/* Columns [begin, end) of an output row. The last one, if it is alone, is its own twin. */
FORGE_INLINE void forge_twin_conv_columns(const forge_twin_conv *c, const int8_t *const *rows,
                                          int begin, int end, uint32_t *tile, int8_t *output) {
  const int channels = c->twins.channels;
  for (int x = begin; x < end; x += 2, output += 2 * channels) {
    const int twin = x + 1 < end;
    const int left = forge_window_left(&c->window, x);
    forge_twin_conv_fill(c, rows, left, twin * c->window.stride_width, tile);
    int8_t *second = output + twin * channels;
    if (c->twins.listed) forge_sparse_twins_run(&c->twins, tile, output, second);
    else forge_twins_run(&c->twins, tile, output, second);
  }
}

#endif

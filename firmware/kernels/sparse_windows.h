/* CONV_2D with few weights, wherever they are: for each output channel a list of them, which is gone
 * over once for several neighbouring windows. Inputs are read where they lie, so that it takes no memory.
 * The C here is for any core.
 *
 * The stream holds, for each output channel: bias, with what the input's zero point adds; for each row
 * of the window how many weights it has, in two bytes, and of each weight two more: how many inputs it
 * lies behind the one before, the first behind the row's beginning, and the weight. One that lies
 * further behind than a byte can say has weights of 0 between. What follows begins with a whole word:
 * multiplier, offset and right shift, as in dense.h. */
#ifndef FORGE_KERNELS_SPARSE_WINDOWS_H
#define FORGE_KERNELS_SPARSE_WINDOWS_H

#include "kernels/dense.h"
#include "kernels/window.h"

#define FORGE_SPARSE_WINDOWS 4

/* dense: stream, channels, and what makes outputs of sums. */
typedef struct {
  forge_window window;
  int input_channels;
  int input_zero_point;
  forge_dense dense;
} forge_sparse_windows;

/* Several windows, apart inputs from each other, on a row of the image. inputs: NULL for a row of
 * padding; inside: how many there are; all_inside: before which of them a weight's first input lies where
 * those of all windows are inside; at: where the first window begins, perhaps before them. */
typedef struct {
  const int8_t *inputs;
  unsigned inside, all_inside;
  int at, apart;
  int32_t padding;
} forge_sparse_row;

FORGE_INLINE forge_sparse_row forge_sparse_row_of(const forge_sparse_windows *c, const int8_t *inputs,
                                                  int left, int windows) {
  const int apart = c->window.stride_width * c->input_channels;
  const int inside = inputs ? c->window.input_width * c->input_channels : 0;
  const int all_inside = inside - (windows - 1) * apart;
  const forge_sparse_row row = {
      .inputs = inputs,
      .inside = (unsigned)inside,
      .all_inside = all_inside > 0 ? (unsigned)all_inside : 0,
      .at = left * c->input_channels,
      .apart = apart,
      .padding = c->input_zero_point,
  };
  return row;
}

/* To the windows' sums, what a weight adds to each. */
FORGE_INLINE void forge_sparse_windows_add(const forge_sparse_row *r, int windows, int at,
                                           int32_t weight, uint32_t *sums) {
  if ((unsigned)at < r->all_inside) {
    const int8_t *input = r->inputs + at;
#pragma GCC unroll 4
    for (int i = 0; i < windows; ++i) sums[i] += (uint32_t)(weight * input[i * r->apart]);
  } else {
#pragma GCC unroll 4
    for (int i = 0; i < windows; ++i, at += r->apart) {
      int32_t input = r->padding;
      if ((unsigned)at < r->inside) input = r->inputs[at];
      sums[i] += (uint32_t)(weight * input);
    }
  }
}

/* To the windows' sums, what a row's weights add. Returns where their list ends. */
FORGE_INLINE const uint8_t *forge_sparse_windows_row(const forge_sparse_row *r, int windows,
                                                     const uint8_t *list, uint32_t *sums) {
  const uint8_t *end = list + 2 + 2 * (list[0] + 256 * list[1]);
  int at = r->at;
  for (list += 2; list != end; list += 2) {
    at += list[0];
    forge_sparse_windows_add(r, windows, at, (int8_t)list[1], sums);
  }
  return end;
}

/* A channel's outputs of so many windows, of which no more than count are wanted. Returns where the next
 * channel's stream begins. */
FORGE_INLINE const int32_t *forge_sparse_windows_channel(const forge_sparse_windows *c,
                                                         const int32_t *stream,
                                                         const int8_t *const *rows, int left,
                                                         int windows, int count, int8_t *output) {
  const uint8_t *list = (const uint8_t *)(stream + 1);
  uint32_t sums[FORGE_SPARSE_WINDOWS];
#pragma GCC unroll 4
  for (int i = 0; i < FORGE_SPARSE_WINDOWS; ++i) sums[i] = (uint32_t)stream[0];
  for (int y = 0; y < c->window.kernel_height; ++y) {
    const forge_sparse_row row = forge_sparse_row_of(c, rows[y], left, windows);
    list = forge_sparse_windows_row(&row, windows, list, sums);
  }
  const int32_t *parameters = stream + ((unsigned)(list - (const uint8_t *)stream) + 3) / 4;
#pragma GCC unroll 4
  for (int i = 0; i < windows; ++i) {
    if (i >= count) break;
    output[i * c->dense.channels] =
        forge_dense_output(&c->dense, (int32_t)(2 * sums[i]), parameters);
  }
  return parameters + 3;
}

/* All channels of so many windows, of which no more than count are wanted. */
FORGE_INLINE void forge_sparse_windows_outputs(const forge_sparse_windows *c,
                                               const int8_t *const *rows, int left, int windows,
                                               int count, int8_t *output) {
  const int32_t *stream = c->dense.stream;
  for (int channel = 0; channel < c->dense.channels; ++channel) {
    stream = forge_sparse_windows_channel(c, stream, rows, left, windows, count, output + channel);
  }
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_sparse_windows_columns(const forge_sparse_windows *c,
                                               const int8_t *const *rows, int begin, int end,
                                               int8_t *output) {
  const int windows = FORGE_SPARSE_WINDOWS;
  for (int x = begin; x < end; x += windows, output += windows * c->dense.channels) {
    const int left = forge_window_left(&c->window, x), count = end - x;
    if (count > 1) forge_sparse_windows_outputs(c, rows, left, windows, count, output);
    else forge_sparse_windows_outputs(c, rows, left, 1, 1, output);
  }
}

#endif

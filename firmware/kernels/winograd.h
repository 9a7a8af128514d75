/* CONV_2D of 3x3 windows, stride 1, by Winograd's F(2x2, 3x3) in exact integers: four outputs for
 * sixteen products a channel in place of thirty-six. Two tiles of 2x2 outputs, side by side, from
 * 4 rows of 6 inputs, share the loads of weights.
 *
 * With d a tile's 4x4 inputs and g a filter, outputs are A((G g G') * (B d B'))A' (Lavin and Gray,
 * "Fast Algorithms for Convolutional Neural Networks", 2015; ' is transposed, * element by element):
 *
 *   B: 1  0 -1  0    2 G: 2  0  0    A: 1  1  1  0
 *      0  1  1  0         1  1  1       0  1 -1 -1
 *      0 -1  1  0         1 -1  1
 *      0  1  0 -1         0  0  2
 *
 * Weights come transformed, by G with its first and last rows and 2 G with the others, so that they
 * are integers; the outputs' transform doubles what is not, and ends at doubled sums, whose products'
 * upper words are the doubling high multiplications of TensorFlow Lite Micro. Packing proves that no
 * sum on the way leaves 32 bits.
 *
 * The tile holds, for each of the sixteen places, quads of four channels of the first tile and of the
 * second in turn: the first and the third, then the second and the fourth. The stream holds, for each
 * two output channels, for each place and quad two words of the one and two of the other; then of
 * each channel 4 times its bias, multiplier, offset and shift, as in dense.h. */
#ifndef FORGE_KERNELS_WINOGRAD_H
#define FORGE_KERNELS_WINOGRAD_H

#include <stddef.h>

#include "kernels/bytes.h"
#include "kernels/dense.h"
#include "kernels/window.h"

enum { FORGE_WINOGRAD_ROWS = 4, FORGE_WINOGRAD_COLUMNS = 6, FORGE_WINOGRAD_PLACES = 16 };

/* window: of two tiles' inputs, for two rows of four outputs. width: columns of the output. */
typedef struct {
  forge_window window;
  int input_channels, width;
  int input_zero_point;
  forge_dense dense; /* its stream is as said above */
} forge_winograd;

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/winograd_dsp.h"
#else

/* Two int16 in a word, the first in its lower half: sum and difference of each half. */
FORGE_INLINE uint32_t forge_winograd_add(uint32_t a, uint32_t b) {
  return ((a + b) & 0xFFFFu) | ((a & 0xFFFF0000u) + (b & 0xFFFF0000u));
}

FORGE_INLINE uint32_t forge_winograd_subtract(uint32_t a, uint32_t b) {
  return ((a - b) & 0xFFFFu) | ((a & 0xFFFF0000u) - (b & 0xFFFF0000u));
}

/* Of four bytes at input the first and the third, or the second and the fourth, as int16. */
FORGE_INLINE uint32_t forge_winograd_pair(const int8_t *input, int odd) {
  return (uint16_t)input[odd] | (uint32_t)(uint16_t)input[odd + 2] << 16;
}

/* Sums of products for two channels, modulo 2^32: for each place of the first channel both tiles, of
 * the second both. end: of the sums, which are four a place. */
FORGE_INLINE void forge_winograd_products(const uint32_t *tile, const int32_t *stream, int quads,
                                          uint32_t *sums, const uint32_t *end) {
  for (; sums < end; sums += 4) {
    for (int i = 0; i < 4; ++i) sums[i] = 0;
    for (int quad = 0; quad < quads; ++quad, tile += 4, stream += 4) {
      for (int i = 0; i < 4; ++i) {
        for (int half = 0; half < 2; ++half) {
          const int32_t w = stream[i / 2 * 2 + half];
          const uint32_t x = tile[i % 2 * 2 + half];
          sums[i] += (uint32_t)((int16_t)w * (int16_t)x + (w >> 16) * ((int32_t)x >> 16));
        }
      }
    }
  }
}

#endif

/* Where the inputs of one of a window's rows begin: in the image, or in a copy with padding. */
FORGE_INLINE const int8_t *forge_winograd_row(const forge_winograd *c, const int8_t *row, int left,
                                              int8_t *copy) {
  const int width = c->window.input_width, channels = c->input_channels;
  const int columns = c->window.kernel_width;
  if (row != NULL && left >= 0 && left + columns <= width) return row + left * channels;
  int8_t *end = copy;
  for (int x = left; x < left + columns; ++x) {
    if (row == NULL || x < 0 || x >= width) {
      end = forge_fill_bytes(end, c->input_zero_point, channels);
    } else {
      end = forge_copy_bytes(end, row + x * channels, channels);
    }
  }
  return copy;
}

/* One row of inputs, of both tiles, times B': of the first tile four places, then of the second. */
FORGE_INLINE void forge_winograd_across(const int8_t *row, int channels, int odd,
                                        uint32_t across[8]) {
  uint32_t d[FORGE_WINOGRAD_COLUMNS];
#pragma GCC unroll 6
  for (int x = 0; x < FORGE_WINOGRAD_COLUMNS; ++x) {
    d[x] = forge_winograd_pair(row + x * channels, odd);
  }
#pragma GCC unroll 2
  for (int tile = 0; tile < 2; ++tile) {
    const uint32_t *t = d + 2 * tile;
    across[4 * tile] = forge_winograd_subtract(t[0], t[2]);
    across[4 * tile + 1] = forge_winograd_add(t[1], t[2]);
    across[4 * tile + 2] = forge_winograd_subtract(t[2], t[1]);
    across[4 * tile + 3] = forge_winograd_subtract(t[1], t[3]);
  }
}

/* Of each quad's first and third inputs, or of the others, what B makes of their rows: to the tile,
 * where places of next words each lie four apart for the rows. */
FORGE_INLINE void forge_winograd_half(const int8_t *const *rows, int channels, int odd, int next,
                                      uint32_t *tile) {
  uint32_t across[FORGE_WINOGRAD_ROWS][8];
#pragma GCC unroll 4
  for (int y = 0; y < FORGE_WINOGRAD_ROWS; ++y) {
    forge_winograd_across(rows[y], channels, odd, across[y]);
  }
#pragma GCC unroll 8
  for (int x = 0; x < 8; ++x) {
    uint32_t *place = tile + x % 4 * next + x / 4 * 2;
    place[0] = forge_winograd_subtract(across[0][x], across[2][x]);
    place[4 * next] = forge_winograd_add(across[1][x], across[2][x]);
    place[8 * next] = forge_winograd_subtract(across[2][x], across[1][x]);
    place[12 * next] = forge_winograd_subtract(across[1][x], across[3][x]);
  }
}

/* The inputs' transform, quad by quad: all first and third inputs, then the others, so that each of
 * the two loops fits an instruction cache of 1 KB. */
FORGE_INLINE void forge_winograd_inputs(const forge_winograd *c, const int8_t *const *rows,
                                        uint32_t *tile) {
  const int channels = c->input_channels;
#pragma GCC unroll 2
  for (int odd = 0; odd < 2; ++odd) {
    for (int at = channels - 4; at >= 0; at -= 4) {
      const int8_t *const inputs[] = {rows[0] + at, rows[1] + at, rows[2] + at, rows[3] + at};
      forge_winograd_half(inputs, channels, odd, channels, tile + at + odd);
    }
  }
}

/* The outputs' transform for one channel of one tile, whose sums lie four words apart: two rows of as
 * many columns as there are. */
FORGE_INLINE void forge_winograd_outputs(const forge_winograd *c, const uint32_t *sums,
                                         const int32_t *parameters, int columns, int8_t *first,
                                         int8_t *second) {
  int32_t left[FORGE_WINOGRAD_ROWS], right[FORGE_WINOGRAD_ROWS];
#pragma GCC unroll 4
  for (int y = 0; y < FORGE_WINOGRAD_ROWS; ++y, sums += 16) {
    const uint32_t one = sums[4] + (y == 1 ? (uint32_t)parameters[0] : 0), two = sums[8];
    left[y] = (int32_t)(one + two + 2 * sums[0]);
    right[y] = (int32_t)(one - two - 2 * sums[12]);
  }
#pragma GCC unroll 2
  for (int x = 0; x < 2; ++x) {
    const int32_t *s = x ? right : left;
    if (x >= columns) break;
    const int32_t upper = s[0] + ((s[1] + s[2]) >> 1), lower = ((s[1] - s[2]) >> 1) - s[3];
    const int at = x * c->dense.channels;
    first[at] = forge_dense_output(&c->dense, upper, parameters + 1);
    if (second == NULL) continue;
    second[at] = forge_dense_output(&c->dense, lower, parameters + 1);
  }
}

/* All channels of two tiles: as many columns of outputs as there are, at most four. */
FORGE_INLINE void forge_winograd_tiles(const forge_winograd *c, const uint32_t *tile, int columns,
                                       int8_t *first, int8_t *second) {
  const int quads = c->input_channels / 4;
  const int32_t *stream = c->dense.stream;
  for (int channel = 0; channel < c->dense.channels; channel += 2) {
    uint32_t sums[4 * FORGE_WINOGRAD_PLACES];
    forge_winograd_products(tile, stream, quads, sums, sums + 4 * FORGE_WINOGRAD_PLACES);
    stream += 4 * FORGE_WINOGRAD_PLACES * quads;
    for (int i = 0; i < 4; ++i) {
      const int output = i / 2, left = i % 2 * 2, there = columns - left < 2 ? columns - left : 2;
      const int at = left * c->dense.channels + channel + output;
      if (there <= 0 || channel + output >= c->dense.channels) continue;
      forge_winograd_outputs(c, sums + i, stream + 4 * output, there, first + at,
                             second == NULL ? NULL : second + at);
    }
    stream += 8;
  }
}

/* Two rows of outputs; the second may be NULL. rows: of inputs, NULL for padding. tile: for two tiles'
 * inputs; behind them there is room for a copy of each row's six. */
FORGE_INLINE void forge_winograd_run(const forge_winograd *c, const int8_t *const *rows,
                                     uint32_t *tile, int8_t *const *outputs) {
  const int size = FORGE_WINOGRAD_COLUMNS * c->input_channels;
  int8_t *copies = (int8_t *)(tile + FORGE_WINOGRAD_PLACES * c->input_channels);
  for (int x = 0; x < c->window.output_width; ++x) {
    const int left = forge_window_left(&c->window, x), columns = c->width - 4 * x;
    const int8_t *inputs[FORGE_WINOGRAD_ROWS];
    for (int y = 0; y < FORGE_WINOGRAD_ROWS; ++y) {
      inputs[y] = forge_winograd_row(c, rows[y], left, copies + y * size);
    }
    forge_winograd_inputs(c, inputs, tile);
    const int at = 4 * x * c->dense.channels;
    forge_winograd_tiles(c, tile, columns < 4 ? columns : 4, outputs[0] + at,
                         outputs[1] == NULL ? NULL : outputs[1] + at);
  }
}

#endif

/* CONV_2D of 3x3 windows, stride 1, by Winograd's F(4x4, 3x3) in exact integers: sixteen outputs for
 * 36 products a channel in place of 144. Two tiles of 4x4 outputs, side by side, from 6 rows of 10
 * inputs, share the loads of weights.
 *
 * As winograd.h has it, with
 *
 *   B': 4  0 -5  0  1  0    G: 6  0  0    A': 1 -4 -4  1  1  0
 *       0 -4 -4  1  1  0       1  1  1        0 -2  2  1 -1  0
 *       0  4 -4 -1  1  0       1 -1  1        0 -1 -1  1  1  0
 *       0 -2 -1  2  1  0       1  2  4        0 -1  1  2 -2  1
 *       0  2 -1 -2  1  0       1 -2  4
 *       0  4  0 -5  0  1       0  0  6
 *
 * whose outputs are 24, 12, 6 and 6 times what they should be, in both directions. All is modulo
 * 2^32, where 9 has an inverse: only the quotient need fit 32 bits, 32 times as large as it is
 * doubled, and packing proves that. Inputs, with B, are within 100 * 128, weights within 49 * 128.
 *
 * Tile and stream are as those of winograd.h, but for 36 places, and for parameters of a channel: 36
 * times its bias, multiplier, an offset for int8 of any range, and shift. */
#ifndef FORGE_KERNELS_WINOGRAD_4X4_H
#define FORGE_KERNELS_WINOGRAD_4X4_H

#include "kernels/four_bytes.h"
#include "kernels/winograd.h"

enum { FORGE_WINOGRAD_4X4_ROWS = 6, FORGE_WINOGRAD_4X4_COLUMNS = 10, FORGE_WINOGRAD_4X4_PLACES = 36 };

/* Of two channels of two tiles. */
enum { FORGE_WINOGRAD_4X4_SUMS = 4 * FORGE_WINOGRAD_4X4_PLACES };

/* One row of a block's outputs. across: of each column of a tile what A makes of its sums. factor: the
 * inverse of 9, and what makes it 24 times for every row. */
typedef struct {
  int8_t *output;
  uint32_t across[FORGE_WINOGRAD_4X4_ROWS];
  uint32_t factor;
} forge_winograd_line;

enum { FORGE_WINOGRAD_NINTH = 0x38E38E39 };

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/winograd_4x4_dsp.h"
#else

FORGE_INLINE uint32_t forge_winograd_times_4(uint32_t x) {
  const uint32_t twice = forge_winograd_add(x, x);
  return forge_winograd_add(twice, twice);
}

/* Six inputs times B, whose places are next words apart. */
FORGE_INLINE void forge_winograd_six(const uint32_t d[6], uint32_t *places, int next) {
  const uint32_t s = forge_winograd_subtract(d[4], d[2]), t = forge_winograd_subtract(d[3], d[1]);
  const uint32_t twice = forge_winograd_add(t, t);
  const uint32_t even = forge_winograd_subtract(d[4], forge_winograd_times_4(d[2]));
  const uint32_t odd = forge_winograd_subtract(d[3], forge_winograd_times_4(d[1]));
  places[0] = forge_winograd_add(forge_winograd_times_4(forge_winograd_subtract(d[0], d[2])), s);
  places[next] = forge_winograd_add(even, odd);
  places[2 * next] = forge_winograd_subtract(even, odd);
  places[3 * next] = forge_winograd_add(s, twice);
  places[4 * next] = forge_winograd_subtract(s, twice);
  places[5 * next] = forge_winograd_subtract(forge_winograd_subtract(d[5], d[3]),
                                             forge_winograd_times_4(t));
}

/* One tile's inputs times B along rows, from bytes on that begin offset after the rows do. */
FORGE_INLINE void forge_winograd_4x4_across(const int8_t *const *rows, int offset, int channels,
                                            uint32_t *tile) {
  for (int y = 0; y < FORGE_WINOGRAD_4X4_ROWS; ++y, tile += 6 * channels) {
    for (int at = 0; at < channels; at += 4) {
      for (int odd = 0; odd < 2; ++odd) {
        const int8_t *input = rows[y] + offset + at;
        uint32_t d[6];
        for (int x = 0; x < 6; ++x) d[x] = forge_winograd_pair(input + x * channels, odd);
        forge_winograd_six(d, tile + at + odd, channels);
      }
    }
  }
}

/* Both tiles' then along columns, where they are. */
FORGE_INLINE void forge_winograd_4x4_down(uint32_t *tile, int channels) {
  const int next = 6 * channels;
  for (int i = 0; i < next; ++i) {
    uint32_t d[6];
    for (int y = 0; y < 6; ++y) d[y] = tile[i + y * next];
    forge_winograd_six(d, tile + i, next);
  }
}

/* Six sums times A. */
FORGE_INLINE void forge_winograd_four(const uint32_t m[6], uint32_t y[4]) {
  const uint32_t a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
  y[0] = m[0] - 4 * a + c;
  y[1] = d - 2 * b;
  y[2] = c - a;
  y[3] = m[5] - b + 2 * d;
}

/* An output of 72 times its sum, times so many powers of two, modulo 2^32, and the inverse of 9. */
FORGE_INLINE int8_t forge_winograd_output(uint32_t product, int powers, const int32_t *parameters) {
  const int32_t scaled = forge_scaled((int32_t)product >> (2 + powers), parameters[0]);
  return forge_byte((scaled + (scaled >> 31) + parameters[1]) >> parameters[2]);
}

/* The outputs' transform for one channel of so many tiles, whose sums lie four words apart. Outputs go
 * to the lines, at first and each step after it. */
FORGE_INLINE void forge_winograd_4x4_outputs(forge_winograd_line lines[4], const uint32_t *sums,
                                             const int32_t *parameters, int first, int step,
                                             int tiles) {
  static const int powers[] = {3, 2, 1, 1};
  for (int tile = 0; tile < tiles; ++tile, ++sums, first += 4 * step) {
    for (int x = 0; x < 6; ++x) {
      uint32_t m[6], found[4];
      for (int y = 0; y < 6; ++y) m[y] = sums[4 * (6 * y + x)];
      if (x == 1) m[1] += (uint32_t)parameters[0];
      forge_winograd_four(m, found);
      for (int y = 0; y < 4; ++y) lines[y].across[x] = found[y];
    }
    for (int y = 0; y < 4; ++y) {
      uint32_t found[4];
      forge_winograd_four(lines[y].across, found);
      for (int x = 0; x < 4; ++x) {
        lines[y].output[first + x * step] =
            forge_winograd_output(found[x] * lines[y].factor, powers[x], parameters + 1);
      }
    }
  }
}

#endif

/* The inputs' transform for two tiles. */
FORGE_INLINE void forge_winograd_4x4_inputs(const int8_t *const *rows, int channels,
                                            uint32_t *tile) {
  forge_winograd_4x4_across(rows, 0, channels, tile);
  forge_winograd_4x4_across(rows, 4 * channels, channels, tile + 2);
  forge_winograd_4x4_down(tile, channels);
}

/* All channels of so many tiles, one or two. sums: room for those of two channels. */
FORGE_INLINE void forge_winograd_4x4_channels(const uint32_t *tile, const int32_t *stream, int quads,
                                              uint32_t *sums, forge_winograd_line lines[4],
                                              int channels, int tiles) {
  for (int channel = 0; channel < channels; channel += 2) {
    forge_winograd_products(tile, stream, quads, sums, sums + FORGE_WINOGRAD_4X4_SUMS);
    stream += 4 * FORGE_WINOGRAD_4X4_PLACES * quads;
    for (int i = 0; i < 2 && channel + i < channels; ++i) {
      forge_winograd_4x4_outputs(lines, sums + 2 * i, stream + 4 * i, channel + i, channels, tiles);
    }
    stream += 8;
  }
}

/* Four rows of outputs; all but the first may be NULL. rows: of inputs, NULL for padding. tile: for two
 * tiles' inputs; behind them there is room for sums, which are too many for a stack, for a copy of each
 * row's ten, and then for the outputs of a block that reaches beyond all. */
FORGE_INLINE void forge_winograd_4x4_run(const forge_winograd *c, const int8_t *const *rows,
                                         uint32_t *tile, int8_t *const *outputs) {
  const int size = FORGE_WINOGRAD_4X4_COLUMNS * c->input_channels, step = 8 * c->dense.channels;
  uint32_t *sums = tile + FORGE_WINOGRAD_4X4_PLACES * c->input_channels;
  int8_t *copies = (int8_t *)(sums + FORGE_WINOGRAD_4X4_SUMS);
  int8_t *beyond = copies + FORGE_WINOGRAD_4X4_ROWS * size;
  for (int x = 0; x < c->window.output_width; ++x) {
    const int left = forge_window_left(&c->window, x), columns = c->width - 8 * x;
    const int8_t *inputs[FORGE_WINOGRAD_4X4_ROWS];
    for (int y = 0; y < FORGE_WINOGRAD_4X4_ROWS; ++y) {
      inputs[y] = forge_winograd_row(c, rows[y], left, copies + y * size);
    }
    forge_winograd_4x4_inputs(inputs, c->input_channels, tile);
    const int whole = columns >= 8 && outputs[3] != NULL;
    forge_winograd_line lines[4];
    for (int y = 0; y < 4; ++y) {
      lines[y].output = whole ? outputs[y] + x * step : beyond + y * step;
      lines[y].factor = (uint32_t)FORGE_WINOGRAD_NINTH << (y < 2 ? y : 2);
    }
    forge_winograd_4x4_channels(tile, c->dense.stream, c->input_channels / 4, sums,
                                lines, c->dense.channels, columns > 4 ? 2 : 1);
    const int made = columns < 8 ? columns * c->dense.channels : step;
    for (int y = 0; y < 4 && outputs[y] != NULL; ++y) {
      int8_t *output = outputs[y] + x * step;
      if (!whole) forge_copy_bytes(output, lines[y].output, made);
      forge_clamp_bytes(output, made, c->dense.activation_min, c->dense.activation_max);
    }
  }
}

#endif

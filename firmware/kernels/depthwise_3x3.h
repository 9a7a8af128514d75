/* DEPTHWISE_CONV_2D with filters of 3x3, depth multiplier 1, four channels at a time. The C here says
 * what is computed, on any core; depthwise_3x3_dsp.h has the loops in instructions that multiply and
 * add two pairs of int16 at once.
 *
 * The tile holds the columns under an output row, of four channels, padding among them. A record is two
 * columns, FORGE_DEPTHWISE_RECORD halves: of each column and channel the upper two rows beside each
 * other, then of each channel the lower row, both columns beside each other.
 *
 * A filter is words of two halves each, the first in the lower one:
 *  - the lower row's first two weights; the right shift and the lower row's last weight; the bias,
 *  - of each column the upper two rows' weights,
 *  - the multiplier; the offset.
 * A filter of three input channels (triple_3x3.h) has between these, of the second and the third,
 * the lower row's weights, without a shift, and the upper two rows'.
 * Weights and bias are doubled, so that a product's upper word is the doubling high multiplication of
 * TensorFlow Lite Micro. What the input's zero point adds is part of the bias, so padding is the zero
 * point. Sums may wrap on the way; packing proves that what they come to does not. Multiplier, offset
 * and shift are those of offsets.h. */
#ifndef FORGE_KERNELS_DEPTHWISE_3X3_H
#define FORGE_KERNELS_DEPTHWISE_3X3_H

#include "kernels/four_bytes.h"
#include "kernels/offsets.h"
#include "kernels/window.h"

/* stride_width: 1 or 2; channels: at least 4. away: as forge_offsets has it. The middle row and column
 * of every window lie inside the picture. */
typedef struct {
  forge_window window;
  int channels;
  int input_zero_point;
  int activation_min, activation_max;
  int away;
  const int32_t *filters;
} forge_depthwise_3x3;

#define FORGE_DEPTHWISE_RECORD 24

/* Words of a filter of one input channel or three. */
FORGE_INLINE int forge_depthwise_filter(int inputs) { return inputs == 1 ? 8 : 18; }

/* Where columns come from: so many of them, channels bytes apart, into a tile that begins with the
 * first or, where odd, the second column of a record. blank: two halves of padding. */
typedef struct {
  const int8_t *rows[3];
  int channels, columns;
  uint32_t blank;
  int odd;
} forge_depthwise_source;

/* Where the tile has a column's halves of the first channel: both of the upper two rows, the other one
 * behind it, and the one of the lower row. Those of the next channel lie two halves on. */
FORGE_INLINE int16_t *forge_depthwise_upper(int16_t *tile, int column) {
  return tile + column / 2 * FORGE_DEPTHWISE_RECORD + column % 2 * 8;
}

FORGE_INLINE int16_t *forge_depthwise_lower(int16_t *tile, int column) {
  return tile + column / 2 * FORGE_DEPTHWISE_RECORD + 16 + column % 2;
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/depthwise_3x3_dsp.h"
#else

/* Fills the tile's columns with four channels that lie offset bytes from the rows' beginnings. */
FORGE_INLINE void forge_depthwise_gather(const forge_depthwise_source *source, int16_t *tile,
                                         int offset) {
  for (int x = 0; x < source->columns; ++x, offset += source->channels) {
    int16_t *upper = forge_depthwise_upper(tile, x + source->odd);
    int16_t *lower = forge_depthwise_lower(tile, x + source->odd);
    for (int i = 0; i < 4; ++i) {
      upper[2 * i] = source->rows[0][offset + i];
      upper[2 * i + 1] = source->rows[1][offset + i];
      lower[2 * i] = source->rows[2][offset + i];
    }
  }
}

FORGE_INLINE uint32_t forge_depthwise_product(int32_t weights, const int16_t *first,
                                              const int16_t *second) {
  return (uint32_t)((int16_t)weights * *first + (weights >> 16) * *second);
}

/* The products of a channel of the window whose first column is given. */
FORGE_INLINE uint32_t forge_depthwise_products(const int16_t *tile, int column,
                                               const int32_t *lower, const int32_t *upper) {
  /* The places are those of a tile that may be written; this one is not. */
  int16_t *from = (int16_t *)(uintptr_t)tile;
  uint32_t sum = (uint32_t)((lower[1] >> 16) * *forge_depthwise_lower(from, column + 2));
  for (int x = 0; x < 3; ++x) {
    const int16_t *halves = forge_depthwise_upper(from, column + x);
    sum += forge_depthwise_product(upper[x], halves, halves + 1);
  }
  return sum + forge_depthwise_product(lower[0], forge_depthwise_lower(from, column),
                                       forge_depthwise_lower(from, column + 1));
}

/* One output of the window whose first column is given. */
FORGE_INLINE int8_t forge_depthwise_pixel(int inputs, const int16_t *tile, int column,
                                          const int32_t *filter, int away) {
  uint32_t sum = (uint32_t)filter[2];
  sum += forge_depthwise_products(tile, column, filter, filter + 3);
  const int32_t *more = filter + 6;
  for (int i = 1; i < inputs; ++i, more += 5) {
    sum += forge_depthwise_products(tile + 2 * i, column, more, more + 2);
  }
  const forge_offsets offsets = {more[0], more[1], filter[1] & 31, away};
  return forge_offset_output(&offsets, (int32_t)sum);
}

/* Four outputs of so many windows, which lie step bytes apart; of as many channels of the tile, or
 * each of its first three. */
FORGE_INLINE void forge_depthwise_block(int inputs, int stride, int away, int pixels,
                                        const int16_t *tile, const int32_t *filters,
                                        int8_t *output, int step) {
  for (int x = 0; x < pixels; ++x, output += step) {
    for (int i = 0; i < 4; ++i) {
      output[i] = forge_depthwise_pixel(inputs, inputs == 1 ? tile + 2 * i : tile, x * stride,
                                        filters + i * forge_depthwise_filter(inputs), away);
    }
  }
}

#endif

/* Makes a part of four channels' columns padding: the upper row, the lower one, or all. */
FORGE_INLINE void forge_depthwise_pad(int16_t *tile, int begin, int end, int first, int last,
                                      int16_t value) {
  for (int x = begin; x < end; ++x) {
    for (int i = 0; i < 8; i += 2) {
      if (first == 0) forge_depthwise_upper(tile, x)[i] = value;
      if (first <= 1 && last >= 1) forge_depthwise_upper(tile, x)[i + 1] = value;
      if (last == 2) forge_depthwise_lower(tile, x)[i] = value;
    }
  }
}

/* How many windows a block has of those that are left: up to 6, and unless it is the last an even
 * number, so that blocks begin at records whatever the stride. */
FORGE_INLINE int forge_depthwise_block_pixels(int left) {
  return left <= 6 ? left : left <= 8 ? 4 : 6;
}

/* Where the next four channels begin. The last four may have been computed in part. */
FORGE_INLINE int forge_depthwise_channel(const forge_depthwise_3x3 *c, int next) {
  return next + 4 <= c->channels ? next : c->channels - 4;
}

/* Four channels, from the given one on, of so many columns of an output row; of one input channel each,
 * or of three. */
FORGE_INLINE void forge_depthwise_blocks(const forge_depthwise_3x3 *c, int inputs, int width,
                                         const int16_t *tile, int channel, int8_t *output) {
  const int32_t *filters = c->filters + channel * forge_depthwise_filter(inputs);
  const int stride = c->window.stride_width;
  for (int x = 0, pixels; x < width; x += pixels) {
    pixels = forge_depthwise_block_pixels(width - x);
    forge_depthwise_block(inputs, stride, c->away, pixels, tile, filters, output, c->channels);
    tile += pixels * stride / 2 * FORGE_DEPTHWISE_RECORD;
    output += pixels * c->channels;
  }
}

/* The columns of a tile for a part of an output row: [first, last) lie in the picture, from its column
 * left + first on. */
typedef struct {
  int left, first, last;
} forge_depthwise_reach;

/* Of output columns [begin, end); those of the tile that lie outside become padding. */
FORGE_INLINE forge_depthwise_reach forge_depthwise_reach_of(const forge_depthwise_3x3 *c, int begin,
                                                            int end, int16_t *tile) {
  const forge_window *w = &c->window;
  const int left = forge_window_left(w, begin), right = w->input_width - left;
  const int span = (end - begin - 1) * w->stride_width + 3;
  const forge_depthwise_reach reach = {left, left < 0 ? -left : 0, right < span ? right : span};
  const int16_t zero_point = (int16_t)c->input_zero_point;
  forge_depthwise_pad(tile, 0, reach.first, 0, 2, zero_point);
  forge_depthwise_pad(tile, reach.last, span, 0, 2, zero_point);
  return reach;
}

/* Where columns come from. For a row of padding the middle one stands in, until it is overwritten. */
FORGE_INLINE forge_depthwise_source forge_depthwise_source_of(const forge_depthwise_3x3 *c,
                                                              const int8_t *const *rows,
                                                              int channels, int first,
                                                              int columns) {
  const forge_depthwise_source source = {
      {rows[0] ? rows[0] : rows[1], rows[1], rows[2] ? rows[2] : rows[1]},
      channels,
      columns,
      (uint16_t)c->input_zero_point * 0x10001u,
      first};
  return source;
}

/* Rows of padding, of columns of the tile. */
FORGE_INLINE void forge_depthwise_pad_rows(const forge_depthwise_3x3 *c, const int8_t *const *rows,
                                           const forge_depthwise_reach *reach, int16_t *tile) {
  const int16_t zero_point = (int16_t)c->input_zero_point;
  if (rows[0] == NULL) forge_depthwise_pad(tile, reach->first, reach->last, 0, 0, zero_point);
  if (rows[2] == NULL) forge_depthwise_pad(tile, reach->first, reach->last, 2, 2, zero_point);
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_depthwise_3x3_columns(const forge_depthwise_3x3 *c,
                                              const int8_t *const *rows, int begin, int end,
                                              int16_t *tile, int8_t *output) {
  const forge_depthwise_reach reach = forge_depthwise_reach_of(c, begin, end, tile);
  const forge_depthwise_source source =
      forge_depthwise_source_of(c, rows, c->channels, reach.first, reach.last - reach.first);
  for (int next = 0; next < c->channels; next += 4) {
    const int channel = forge_depthwise_channel(c, next);
    forge_depthwise_gather(&source, tile, (reach.left + reach.first) * c->channels + channel);
    forge_depthwise_pad_rows(c, rows, &reach, tile);
    forge_depthwise_blocks(c, 1, end - begin, tile, channel, output + channel);
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

#endif

/* DEPTHWISE_CONV_2D with filters of 3x3, depth multiplier 1, four channels at a time. The C here says
 * what is computed, on any core; depthwise_3x3_dsp.h has the loops in instructions that multiply and
 * add two pairs of int16 at once.
 *
 * The tile holds the columns under an output row, of four channels, padding among them. A record is two
 * columns, FORGE_DEPTHWISE_RECORD halves: of each column and channel the upper two rows beside each
 * other, then of each channel the lower row, both columns beside each other.
 *
 * A filter is FORGE_DEPTHWISE_FILTER words, a word two halves, the first in the lower one:
 *  - the lower row's first two weights; the right shift and the lower row's last weight; the bias,
 *  - of each column the upper two rows' weights,
 *  - the multiplier; the offset.
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
#define FORGE_DEPTHWISE_FILTER 8

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

/* One channel of the window whose first column is given. */
FORGE_INLINE int8_t forge_depthwise_pixel(const int16_t *tile, int column, const int32_t *filter,
                                          int away) {
  /* The places are those of a tile that may be written; this one is not. */
  int16_t *from = (int16_t *)(uintptr_t)tile;
  uint32_t sum = (uint32_t)filter[2];
  for (int x = 0; x < 3; ++x) {
    const int16_t *upper = forge_depthwise_upper(from, column + x);
    sum += forge_depthwise_product(filter[3 + x], upper, upper + 1);
  }
  sum += forge_depthwise_product(filter[0], forge_depthwise_lower(from, column),
                                 forge_depthwise_lower(from, column + 1));
  sum += (uint32_t)((filter[1] >> 16) * *forge_depthwise_lower(from, column + 2));
  const forge_offsets offsets = {filter[6], filter[7], filter[1] & 31, away};
  return forge_offset_output(&offsets, (int32_t)sum);
}

/* Four channels of so many windows, whose outputs lie step bytes apart. */
FORGE_INLINE void forge_depthwise_block(int stride, int away, int pixels, const int16_t *tile,
                                        const int32_t *filters, int8_t *output, int step) {
  for (int x = 0; x < pixels; ++x, output += step) {
    for (int i = 0; i < 4; ++i) {
      output[i] = forge_depthwise_pixel(tile + 2 * i, x * stride,
                                        filters + i * FORGE_DEPTHWISE_FILTER, away);
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

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_depthwise_3x3_columns(const forge_depthwise_3x3 *c,
                                              const int8_t *const *rows, int begin, int end,
                                              int16_t *tile, int8_t *output) {
  const forge_window *w = &c->window;
  const int stride = w->stride_width, left = forge_window_left(w, begin);
  const int span = (end - begin - 1) * stride + 3, right = w->input_width - left;
  const int first = left < 0 ? -left : 0, last = right < span ? right : span;
  const int16_t zero_point = (int16_t)c->input_zero_point;
  /* For a row of padding the middle one stands in, until it is overwritten. */
  const forge_depthwise_source source = {
      {rows[0] ? rows[0] : rows[1], rows[1], rows[2] ? rows[2] : rows[1]},
      c->channels,
      last - first,
      (uint16_t)zero_point * 0x10001u,
      first};
  forge_depthwise_pad(tile, 0, first, 0, 2, zero_point);
  forge_depthwise_pad(tile, last, span, 0, 2, zero_point);
  for (int next = 0; next < c->channels; next += 4) {
    /* The last four channels may have been computed in part. */
    const int channel = next + 4 <= c->channels ? next : c->channels - 4;
    const int32_t *filters = c->filters + channel * FORGE_DEPTHWISE_FILTER;
    forge_depthwise_gather(&source, tile, (left + first) * c->channels + channel);
    if (rows[0] == NULL) forge_depthwise_pad(tile, first, last, 0, 0, zero_point);
    if (rows[2] == NULL) forge_depthwise_pad(tile, first, last, 2, 2, zero_point);
    const int16_t *from = tile;
    int8_t *to = output + channel;
    for (int x = 0, pixels; x < end - begin; x += pixels) {
      pixels = forge_depthwise_block_pixels(end - begin - x);
      forge_depthwise_block(stride, c->away, pixels, from, filters, to, c->channels);
      from += pixels * stride / 2 * FORGE_DEPTHWISE_RECORD;
      to += pixels * c->channels;
    }
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

#endif

/* CONV_2D with windows of 3x3 over pictures of one channel. Each output channel is then a depthwise
 * filter of that channel, so that the blocks of depthwise_3x3.h do it, from a tile whose four channels
 * are all the same: filled once for all outputs of a row. */
#ifndef FORGE_KERNELS_SINGLE_3X3_H
#define FORGE_KERNELS_SINGLE_3X3_H

#include "kernels/depthwise_3x3.h"

/* A word for each of the tile's four channels. */
FORGE_INLINE void forge_single_3x3_spread(int16_t *to, uint32_t word) {
  for (int i = 0; i < 8; i += 2) __builtin_memcpy(to + i, &word, sizeof word);
}

FORGE_INLINE uint32_t forge_single_3x3_pair(const int8_t *first, const int8_t *second) {
  return (uint16_t)*first | (uint32_t)*second << 16;
}

/* Two columns to a record, of each of three rows. */
FORGE_INLINE void forge_single_3x3_record(const int8_t *upper, const int8_t *middle,
                                          const int8_t *lower, int16_t *record) {
  forge_single_3x3_spread(record, forge_single_3x3_pair(upper, middle));
  forge_single_3x3_spread(record + 8, forge_single_3x3_pair(upper + 1, middle + 1));
  forge_single_3x3_spread(record + 16, forge_single_3x3_pair(lower, lower + 1));
}

/* The same for columns of which some may be padding. */
FORGE_INLINE void forge_single_3x3_edge(const forge_depthwise_3x3 *c, const int8_t *const *rows,
                                        int left, int16_t *record) {
  int8_t copies[3][2];
  for (int y = 0; y < 3; ++y) {
    for (int x = left; x < left + 2; ++x) {
      const int there = rows[y] != NULL && x >= 0 && x < c->window.input_width;
      copies[y][x - left] = there ? rows[y][x] : (int8_t)c->input_zero_point;
    }
  }
  forge_single_3x3_record(copies[0], copies[1], copies[2], record);
}

/* Columns from left on to the tile, as many as there are records for. */
FORGE_INLINE void forge_single_3x3_gather(const forge_depthwise_3x3 *c, const int8_t *const *rows,
                                          int left, int records, int16_t *tile) {
  const int whole = rows[0] != NULL && rows[2] != NULL; /* the middle one is always there */
  for (const int end = left + 2 * records; left < end; left += 2, tile += FORGE_DEPTHWISE_RECORD) {
    if (whole && left >= 0 && left + 2 <= c->window.input_width) {
      forge_single_3x3_record(rows[0] + left, rows[1] + left, rows[2] + left, tile);
    } else {
      forge_single_3x3_edge(c, rows, left, tile);
    }
  }
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_single_3x3_columns(const forge_depthwise_3x3 *c, const int8_t *const *rows,
                                           int begin, int end, int16_t *tile, int8_t *output) {
  const int stride = c->window.stride_width, width = end - begin;
  const int records = ((width - 1) * stride + 4) / 2;
  forge_single_3x3_gather(c, rows, forge_window_left(&c->window, begin), records, tile);
  for (int next = 0; next < c->channels; next += 4) {
    const int channel = forge_depthwise_channel(c, next);
    forge_depthwise_blocks(c, 1, width, tile, channel, output + channel);
  }
  forge_clamp_bytes(output, width * c->channels, c->activation_min, c->activation_max);
}

#endif

/* CONV_2D with windows of 3x3 over pictures of three channels, by the blocks of depthwise_3x3.h for three
 * input channels together: the tile is filled once for all outputs of a row. Its fourth channel is
 * whatever lies behind a pixel, and nobody reads it. */
#ifndef FORGE_KERNELS_TRIPLE_3X3_H
#define FORGE_KERNELS_TRIPLE_3X3_H

#include "kernels/depthwise_3x3.h"

/* A pixel of each row to a column of the tile: the last of a row, behind which no more may be read. */
FORGE_INLINE void forge_triple_3x3_last(const int8_t *const rows[3], int offset, int16_t *tile,
                                        int column) {
  for (int i = 0; i < 3; ++i) {
    forge_depthwise_upper(tile, column)[2 * i] = rows[0][offset + i];
    forge_depthwise_upper(tile, column)[2 * i + 1] = rows[1][offset + i];
    forge_depthwise_lower(tile, column)[2 * i] = rows[2][offset + i];
  }
}

/* The columns that lie in the picture. */
FORGE_INLINE void forge_triple_3x3_gather(const forge_depthwise_3x3 *c, const int8_t *const *rows,
                                          const forge_depthwise_reach *reach, int16_t *tile) {
  const int ends = reach->left + reach->last == c->window.input_width;
  const forge_depthwise_source source =
      forge_depthwise_source_of(c, rows, 3, reach->first, reach->last - reach->first - ends);
  if (source.columns > 0) {
    forge_depthwise_gather(&source, tile, (reach->left + reach->first) * 3);
  }
  if (ends) {
    const int column = reach->last - 1;
    forge_triple_3x3_last(source.rows, (reach->left + column) * 3, tile, column);
  }
  forge_depthwise_pad_rows(c, rows, reach, tile);
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_triple_3x3_columns(const forge_depthwise_3x3 *c, const int8_t *const *rows,
                                           int begin, int end, int16_t *tile, int8_t *output) {
  const forge_depthwise_reach reach = forge_depthwise_reach_of(c, begin, end, tile);
  forge_triple_3x3_gather(c, rows, &reach, tile);
  for (int next = 0; next < c->channels; next += 4) {
    const int channel = forge_depthwise_channel(c, next);
    forge_depthwise_blocks(c, 3, end - begin, tile, channel, output + channel);
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

#endif

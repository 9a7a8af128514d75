/* DEPTHWISE_CONV_2D with filters of any size, depth multiplier 1, at least four channels, for cores with
 * vectors. The C here says what is computed, on any core; depthwise_words_mve.h has its loops in
 * instructions of MVE.
 *
 * The tile holds what a row of outputs reads, padding too, of up to 16 channels. A word is a column's
 * values in four input rows, and a channel's words lie beside the next one's; column after column, and
 * after the columns of four rows those of the next four. So a window is some words of each channel, at the
 * same places after its first one whatever the channel. A pass takes four of them: their 16 products with
 * weights come to one sum.
 *
 * The filters are a stream in the order of use. It holds for each 16 channels, or as many as there are,
 * and of these for each four, the last overlapping those before where there are not as many:
 *  - for each pass and channel 16 weights,
 *  - of the four channels the biases, the multipliers, and the shifts: 0 or less, to the right.
 * Weights of what is no tap are 0. What the input's zero point adds is part of the bias, so padding is the
 * zero point. */
#ifndef FORGE_KERNELS_DEPTHWISE_WORDS_H
#define FORGE_KERNELS_DEPTHWISE_WORDS_H

#include "kernels/bytes.h"
#include "kernels/four_bytes.h"
#include "kernels/window.h"

/* places: of each pass, where its four words lie after a window's first one, in bytes. away: whether
 * halves below zero are rounded away from it; all shifts are then -1 at most. */
typedef struct {
  forge_window window;
  int channels;
  int input_zero_point, output_zero_point;
  int activation_min, activation_max;
  int away, passes;
  const int32_t *places;
  const int32_t *filters;
} forge_depthwise_words;

/* Where columns come from: four rows' bytes of channel 0, and from each column to the next. */
typedef struct {
  const int8_t *rows[4];
  int steps[4];
} forge_words_source;

/* A row of windows: how many, from one to the next in the tile and in the output, the places of the
 * words of a pass, and sums, four a window, where there are several passes. */
typedef struct {
  int windows, tile_step, output_step;
  int zero_point;
  const int32_t *places;
  int32_t *sums;
} forge_words_row;

#define FORGE_WORDS_LANES 16 /* channels in the tile */
#define FORGE_WORDS_PASS 16  /* words of the stream: four channels' weights */
#define FORGE_WORDS_SCALING 12

#if defined(__ARM_FEATURE_MVE)
#include "kernels/depthwise_words_mve.h"
#else

/* Columns of so many channels, from one on, into the tile. rows: that are read. */
FORGE_INLINE void forge_words_gather(const forge_words_source *source, int8_t *tile, int lanes,
                                     int columns, int channel, int rows) {
  for (int x = 0; x < columns; ++x) {
    for (int i = 0; i < lanes; ++i, tile += 4) {
      for (int k = 0; k < rows && k < 4; ++k) {
        tile[k] = source->rows[k][x * source->steps[k] + channel + i];
      }
    }
  }
}

FORGE_INLINE uint32_t forge_words_sum(const int8_t *words, const int32_t *places,
                                      const int32_t *weights) {
  uint32_t sum = 0;
  for (int i = 0; i < 16; ++i) {
    const int8_t weight = (int8_t)(weights[i / 4] >> 8 * (i % 4) & 0xff);
    sum += (uint32_t)(words[places[i / 4] + i % 4] * weight);
  }
  return sum;
}

/* Adds a pass to the sums of four channels. words: of the first window and channel. */
FORGE_INLINE void forge_words_add(const int32_t *weights, const int8_t *words,
                                  const forge_words_row *row) {
  for (int x = 0; x < row->windows; ++x, words += row->tile_step) {
    for (int i = 0; i < 4; ++i) {
      int32_t *const sum = row->sums + 4 * x + i;
      *sum = (int32_t)((uint32_t)*sum +
                       forge_words_sum(words + 4 * i, row->places, weights + 4 * i));
    }
  }
}

/* The last pass of so many fours of channels, and outputs of what it comes to, saturated. With sums these
 * are of one four, and from all passes before; without, sums begin with the biases. */
FORGE_INLINE void forge_words_finish(const int32_t *filters, const int8_t *words, int8_t *output,
                                     const forge_words_row *row, int fours, int away) {
  const int size = FORGE_WORDS_PASS + FORGE_WORDS_SCALING;
  for (int i = 0; i < 4 * fours; ++i) {
    const int32_t *const weights = filters + i / 4 * size + i % 4 * 4;
    const int32_t *const scaling = filters + i / 4 * size + FORGE_WORDS_PASS + i % 4;
    for (int x = 0; x < row->windows; ++x) {
      const uint32_t before = (uint32_t)(row->sums ? row->sums[4 * x + i] : scaling[0]);
      const int8_t *const from = words + 4 * i + x * row->tile_step;
      const uint32_t sum = before + forge_words_sum(from, row->places, weights);
      const int32_t scaled = forge_doubling_high_mul((int32_t)sum, scaling[4]);
      const int shift = -scaling[8];
      const int64_t half = (int64_t)1 << shift >> 1;
      const int64_t rounded = (scaled - (away && scaled < 0) + half) >> shift;
      output[x * row->output_step + i] =
          forge_clamp((int32_t)rounded + row->zero_point, INT8_MIN, INT8_MAX);
    }
  }
}

#endif

/* Bytes of the tile from a column to the next, and to the next four rows. */
FORGE_INLINE int forge_words_column(const forge_depthwise_words *c) {
  return 4 * (c->channels < FORGE_WORDS_LANES ? c->channels : FORGE_WORDS_LANES);
}

FORGE_INLINE int forge_words_columns(const forge_window *w, int windows) {
  return (windows - 1) * w->stride_width + (w->kernel_width - 1) * w->dilation_width + 1;
}

/* Where a tile has the picture, of its columns. */
typedef struct {
  int left, columns; /* the input column that the tile begins with; all of its columns */
  int first, last;
} forge_words_span;

FORGE_INLINE forge_words_span forge_words_spanned(const forge_window *w, int begin, int end) {
  forge_words_span span;
  span.left = forge_window_left(w, begin);
  span.columns = forge_words_columns(w, end - begin);
  const int right = w->input_width - span.left;
  span.first = span.left < 0 ? (-span.left < span.columns ? -span.left : span.columns) : 0;
  span.last = right < span.columns ? (right > span.first ? right : span.first) : span.columns;
  return span;
}

/* How many columns are one vector: several, of few channels. */
FORGE_INLINE int forge_words_together(const forge_depthwise_words *c) {
  return FORGE_WORDS_LANES * 4 / forge_words_column(c);
}

/* Where the picture's columns come from, in the window's rows from one on; NULL for padding. blank:
 * padding, of all channels. */
FORGE_INLINE forge_words_source forge_words_picture(const forge_depthwise_words *c,
                                                    const forge_words_span *span,
                                                    const int8_t *const *rows, int row,
                                                    const int8_t *blank) {
  forge_words_source source;
  for (int k = 0; k < 4; ++k) {
    const int seen = row + k < c->window.kernel_height && rows[row + k] != NULL;
    source.rows[k] = seen ? rows[row + k] + (span->left + span->first) * c->channels : blank;
    source.steps[k] = seen ? forge_words_together(c) * c->channels : 0;
  }
  return source;
}

/* The source of the columns behind so many vectors, one by one. */
FORGE_INLINE forge_words_source forge_words_behind(const forge_words_source *source, int vectors,
                                                   int together) {
  forge_words_source behind;
  for (int k = 0; k < 4; ++k) {
    behind.rows[k] = source->rows[k] + vectors * source->steps[k];
    behind.steps[k] = source->steps[k] / together;
  }
  return behind;
}

/* The picture's columns, from a channel on, into four rows of the tile. */
FORGE_INLINE void forge_words_rows(const forge_depthwise_words *c, const forge_words_span *span,
                                   const forge_words_source *source, int count, int channel,
                                   int8_t *tile) {
  const int step = forge_words_column(c), lanes = step / 4, together = forge_words_together(c);
  const int columns = span->last - span->first, vectors = columns / together;
  const int rest = columns % together;
  int8_t *const to = tile + span->first * step;
  if (vectors) forge_words_gather(source, to, lanes * together, vectors, channel, count);
  if (rest) {
    const forge_words_source behind = forge_words_behind(source, vectors, together);
    forge_words_gather(&behind, to + vectors * together * step, lanes, rest, channel, count);
  }
}

/* The columns around the picture. */
FORGE_INLINE void forge_words_pad(const forge_depthwise_words *c, const forge_words_span *span,
                                  int8_t *tile) {
  const int step = forge_words_column(c);
  forge_fill_bytes(tile, c->input_zero_point, span->first * step);
  forge_fill_bytes(tile + span->last * step, c->input_zero_point,
                   (span->columns - span->last) * step);
}

/* Four channels of a row of windows, of several passes. */
FORGE_INLINE void forge_words_passes(const forge_depthwise_words *c, const int32_t *filters,
                                     const int8_t *words, int8_t *output, forge_words_row *row) {
  const int32_t *const bias = filters + c->passes * FORGE_WORDS_PASS;
  for (int x = 0; x < row->windows; ++x) __builtin_memcpy(row->sums + 4 * x, bias, 16);
  for (int pass = 1; pass < c->passes; ++pass, filters += FORGE_WORDS_PASS, row->places += 4) {
    forge_words_add(filters, words, row);
  }
  forge_words_finish(filters, words, output, row, 1, c->away);
  row->places = c->places;
}

/* All channels in the tile. Returns where the stream goes on. */
FORGE_INLINE const int32_t *forge_words_lanes(const forge_depthwise_words *c,
                                              const int32_t *filters, const int8_t *words,
                                              int8_t *output, forge_words_row *row) {
  const int lanes = forge_words_column(c) / 4, rest = lanes % 4 ? lanes - 4 : 0;
  const int size = c->passes * FORGE_WORDS_PASS + FORGE_WORDS_SCALING;
  if (c->passes == 1) {
    forge_words_finish(filters, words, output, row, lanes / 4, c->away);
    filters += lanes / 4 * size;
  }
  for (int four = 0; c->passes > 1 && four + 4 <= lanes; four += 4, filters += size) {
    forge_words_passes(c, filters, words + 4 * four, output + four, row);
  }
  if (rest && c->passes == 1) {
    forge_words_finish(filters, words + 4 * rest, output + rest, row, 1, c->away);
  }
  if (rest && c->passes > 1) forge_words_passes(c, filters, words + 4 * rest, output + rest, row);
  return filters + (rest ? size : 0);
}

/* Columns [begin, end) of an output row. tile: padding of all channels and of a vector at least, sums of a
 * row, the words. */
FORGE_INLINE void forge_depthwise_words_columns(const forge_depthwise_words *c,
                                                const int8_t *const *rows, int begin, int end,
                                                int8_t *tile, int8_t *output) {
  const forge_window *w = &c->window;
  const int step = forge_words_column(c), lanes = step / 4;
  const int blank = c->channels > FORGE_WORDS_LANES ? (c->channels + 3) / 4 * 4 : FORGE_WORDS_LANES;
  const int rows_step = step * forge_words_columns(w, w->output_width);
  const forge_words_span span = forge_words_spanned(w, begin, end);
  int32_t *const sums = c->passes > 1 ? (int32_t *)(void *)(tile + blank) : NULL;
  int8_t *const words = tile + blank + (sums ? 16 * w->output_width : 0);
  forge_words_row row = {end - begin, w->stride_width * step, c->channels,
                         c->output_zero_point, c->places, sums};
  forge_fill_bytes(tile, c->input_zero_point, blank);
  const forge_words_source first = forge_words_picture(c, &span, rows, 0, tile);
  const int32_t *filters = c->filters;
  for (int next = 0; next < c->channels; next += FORGE_WORDS_LANES) {
    const int channel = next + lanes <= c->channels ? next : c->channels - lanes;
    for (int k = 0; k < w->kernel_height; k += 4) {
      int8_t *const four = words + k / 4 * rows_step;
      const forge_words_source source =
          k ? forge_words_picture(c, &span, rows, k, tile) : first;
      forge_words_rows(c, &span, &source, w->kernel_height - k, channel, four);
      if (next == 0) forge_words_pad(c, &span, four);
    }
    filters = forge_words_lanes(c, filters, words, output + channel, &row);
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

#endif

/* DEPTHWISE_CONV_2D with filters of any size, depth multiplier 1, at least 16 channels, for cores with
 * vectors: a channel a lane, 16 at a time, pixel by pixel. Where rows are short that is less than
 * depthwise_words.h takes. The C here says what is computed, on any core; depthwise_lanes_mve.h has it in
 * instructions of MVE.
 *
 * The filters are a stream that is read from its first word to its last. It holds for each 16 channels,
 * the last ones overlapping those before if there are not as many,
 *  - their biases; every fourth channel from 0, from 2, from 1 and from 3 on, as vectors of their products
 *    come apart,
 *  - of each tap, row by row, their weights, as bytes; after an odd number of taps follows one of weight 0,
 *  - their multipliers in the order of the biases, and their shifts: 0 or less, to the right.
 * What the input's zero point adds is part of the bias, so padding is the zero point. Of two taps the sum of
 * products fits int16: packing has seen that. */
#ifndef FORGE_KERNELS_DEPTHWISE_LANES_H
#define FORGE_KERNELS_DEPTHWISE_LANES_H

#include "kernels/bytes.h"
#include "kernels/four_bytes.h"
#include "kernels/window.h"

/* away: whether halves below zero are rounded away from it; all shifts are then -1 at most. */
typedef struct {
  forge_window window;
  int channels;
  int input_zero_point, output_zero_point;
  int activation_min, activation_max;
  int away;
  const int32_t *filters;
} forge_depthwise_lanes;

FORGE_INLINE int forge_lanes_pairs(const forge_window *w) {
  return (w->kernel_height * w->kernel_width + 1) / 2;
}

/* Words of the stream for 16 channels. */
FORGE_INLINE int forge_lanes_words(const forge_window *w) {
  return 48 + 8 * forge_lanes_pairs(w);
}

#if defined(__ARM_FEATURE_MVE)
#include "kernels/depthwise_lanes_mve.h"
#else

/* A channel of 16. */
FORGE_INLINE int8_t forge_lanes_output(const forge_depthwise_lanes *c, const int8_t *const *rows,
                                       int left, int channel, int lane, const int8_t *padding,
                                       const int32_t *stream) {
  const forge_window *w = &c->window;
  static const int8_t order[4] = {0, 2, 1, 3}; /* of vectors, by the lane's rest */
  const int at = 4 * order[lane % 4] + lane / 4;
  const int8_t *const weights = (const int8_t *)(stream + 16);
  const int32_t *const scaling = stream + 16 + 8 * forge_lanes_pairs(w);
  uint32_t sum = (uint32_t)stream[at];
  for (int tap = 0; tap < w->kernel_height * w->kernel_width; ++tap) {
    const int8_t *const from = forge_window_tap(w, rows, left, tap, c->channels, padding);
    sum += (uint32_t)(weights[16 * tap + lane] * from[channel + lane]);
  }
  const int32_t scaled = forge_doubling_high_mul((int32_t)sum, scaling[at]);
  const int shift = -scaling[16 + at];
  const int64_t half = (int64_t)1 << shift >> 1;
  const int64_t rounded = (scaled - (c->away && scaled < 0) + half) >> shift;
  return forge_clamp((int32_t)rounded + c->output_zero_point, INT8_MIN, INT8_MAX);
}

/* All channels of the window at input column left. tile: channels values of padding. */
FORGE_INLINE void forge_lanes_pixel(const forge_depthwise_lanes *c, const int8_t *const *rows,
                                    int left, int8_t *tile, int8_t *output) {
  const int32_t *stream = c->filters;
  for (int next = 0; next < c->channels; next += 16, stream += forge_lanes_words(&c->window)) {
    const int channel = next + 16 <= c->channels ? next : c->channels - 16;
    for (int i = 0; i < 16; ++i) {
      output[channel + i] = forge_lanes_output(c, rows, left, channel, i, tile, stream);
    }
  }
}

#endif

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_depthwise_lanes_columns(const forge_depthwise_lanes *c,
                                                const int8_t *const *rows, int begin, int end,
                                                int8_t *tile, int8_t *output) {
  forge_fill_bytes(tile, c->input_zero_point, c->channels);
  int8_t *to = output;
  for (int x = begin; x < end; ++x, to += c->channels) {
    forge_lanes_pixel(c, rows, forge_window_left(&c->window, x), tile, to);
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

#endif

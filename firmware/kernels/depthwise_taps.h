/* DEPTHWISE_CONV_2D with filters of any size, depth multiplier 1, four channels of a pixel at a time. The
 * C here says what is computed, on any core; depthwise_taps_dsp.h has it in instructions that multiply
 * and add two pairs of int16 at once.
 *
 * The filters are a stream that is read from its first word to its last. It holds, for each four
 * channels, the last four overlapping those before if there are not as many:
 *  - their biases,
 *  - of each two taps, row by row, a word for each channel: the first one's weight in the lower half, the
 *    second one's in the upper. After an odd number of taps follows one of weight 0.
 *  - of each channel multiplier, offset and shift, as offsets.h has them.
 * Weights and biases are doubled. What the input's zero point adds is part of the bias, so padding is the
 * zero point. Sums may wrap on the way; packing proves that what they come to does not. */
#ifndef FORGE_KERNELS_DEPTHWISE_TAPS_H
#define FORGE_KERNELS_DEPTHWISE_TAPS_H

#include "kernels/bytes.h"
#include "kernels/four_bytes.h"
#include "kernels/offsets.h"
#include "kernels/window.h"

/* channels: at least 4. away: as forge_offsets has it. */
typedef struct {
  forge_window window;
  int channels;
  int input_zero_point;
  int activation_min, activation_max;
  int away;
  const int32_t *filters;
} forge_depthwise_taps;

/* Words of the stream for four channels. */
FORGE_INLINE int forge_depthwise_taps_words(const forge_depthwise_taps *c) {
  return 4 + (c->window.kernel_height * c->window.kernel_width + 1) / 2 * 4 + 12;
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/depthwise_taps_dsp.h"
#else

/* One channel of four; channel, i: where it is among all and among these. */
FORGE_INLINE int8_t forge_depthwise_taps_1(const forge_depthwise_taps *c,
                                           const int8_t *const *rows, int left, int channel, int i,
                                           const int8_t *padding, const int32_t *stream) {
  const int taps = c->window.kernel_height * c->window.kernel_width;
  uint32_t sum = (uint32_t)stream[i];
  for (int tap = 0; tap < taps; ++tap) {
    const int32_t pair = stream[4 + tap / 2 * 4 + i];
    const int32_t weight = tap % 2 ? pair >> 16 : (int16_t)pair;
    sum += (uint32_t)(weight * forge_window_tap(&c->window, rows, left, tap, c->channels, padding)[channel]);
  }
  const int32_t *scaling = stream + forge_depthwise_taps_words(c) - 12 + 3 * i;
  const forge_offsets offsets = {scaling[0], scaling[1], scaling[2], c->away};
  return forge_offset_output(&offsets, (int32_t)sum);
}

/* All channels of the window at input column left. tile: channels values of padding. */
FORGE_INLINE void forge_depthwise_taps_pixel(const forge_depthwise_taps *c,
                                             const int8_t *const *rows, int left, int8_t *tile,
                                             int8_t *output) {
  const int32_t *stream = c->filters;
  for (int next = 0; next < c->channels; next += 4, stream += forge_depthwise_taps_words(c)) {
    const int channel = next + 4 <= c->channels ? next : c->channels - 4;
    for (int i = 0; i < 4; ++i) {
      output[channel + i] =
          forge_depthwise_taps_1(c, rows, left, channel + i, i, tile, stream);
    }
  }
}

#endif

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_depthwise_taps_columns(const forge_depthwise_taps *c,
                                               const int8_t *const *rows, int begin, int end,
                                               int8_t *tile, int8_t *output) {
  forge_fill_bytes(tile, c->input_zero_point, c->channels);
  int8_t *to = output;
  for (int x = begin; x < end; ++x, to += c->channels) {
    forge_depthwise_taps_pixel(c, rows, forge_window_left(&c->window, x), tile, to);
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

#endif

/* DEPTHWISE_CONV_2D for Cortex-M0+, depth multiplier 1: the taps of a window are a list of pointers,
 * which the channels go over one after the other. The C here says what is computed, on any core;
 * depthwise_list_6m.h has it in instructions of that core.
 *
 * The stream holds, for each channel, its bias and its scaling, as narrow.h has it. What the input's
 * zero point adds is part of the bias, so padding is the zero point. */
#ifndef FORGE_KERNELS_DEPTHWISE_LIST_H
#define FORGE_KERNELS_DEPTHWISE_LIST_H

#include "kernels/bytes.h"
#include "kernels/narrow.h"
#include "kernels/window.h"

typedef struct {
  forge_window window;
  int channels;
  int input_zero_point;
  const int8_t *weights;
  const int32_t *stream;
  forge_narrow outputs;
} forge_depthwise_list;

FORGE_INLINE int forge_depthwise_list_taps(const forge_depthwise_list *c) {
  return c->window.kernel_height * c->window.kernel_width;
}

/* What a tap sees of the window at an input column: its first channel. */
FORGE_INLINE const int8_t *forge_depthwise_list_tap(const forge_depthwise_list *c,
                                                    const int8_t *row, int column,
                                                    const int8_t *padding) {
  const int inside = row != NULL && column >= 0 && column < c->window.input_width;
  return inside ? row + column * c->channels : padding;
}

#ifdef __ARM_ARCH_6M__
#include "kernels/depthwise_list_6m.h"
#else

/* Sums may wrap on the way; packing proves that what they come to does not. */
FORGE_INLINE uint32_t forge_depthwise_list_sum(const forge_depthwise_list *c,
                                              const int8_t *const *rows, int left, int channel,
                                              const int8_t *padding) {
  const forge_window *w = &c->window;
  const int8_t *weight = c->weights + channel;
  uint32_t sum = 0;
  for (int y = 0; y < w->kernel_height; ++y) {
    for (int x = 0; x < w->kernel_width; ++x, weight += c->channels) {
      const int column = left + x * w->dilation_width;
      const int8_t *inputs = forge_depthwise_list_tap(c, rows[y], column, padding);
      sum += (uint32_t)(inputs[channel] * *weight);
    }
  }
  return sum;
}

/* Columns [begin, end) of an output row. padding: a pixel of it. */
FORGE_INLINE void forge_depthwise_list_pixels(const forge_depthwise_list *c,
                                              const int8_t *const *rows, int begin, int end,
                                              const int8_t *padding, int8_t *output) {
  for (int x = begin; x < end; ++x, output += c->channels) {
    const int left = forge_window_left(&c->window, x);
    const int32_t *stream = c->stream;
    for (int channel = 0; channel < c->channels; ++channel, stream += FORGE_NARROW_SCALING) {
      const uint32_t bias = (uint32_t)*stream++;
      const uint32_t sum = bias + forge_depthwise_list_sum(c, rows, left, channel, padding);
      output[channel] = forge_narrow_output(&c->outputs, (int32_t)sum, stream);
    }
  }
}

#endif

/* tile: a pixel of padding, up to a whole word; then room for two pointers a tap. */
FORGE_INLINE void forge_depthwise_list_columns(const forge_depthwise_list *c,
                                               const int8_t *const *rows, int begin, int end,
                                               int8_t *tile, int8_t *output) {
  forge_fill_bytes(tile, c->input_zero_point, c->channels);
  forge_depthwise_list_pixels(c, rows, begin, end, tile, output);
}

#endif

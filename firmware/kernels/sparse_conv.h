/* CONV_2D with few weights, wherever they are: for each output channel a list of them, which is gone
 * over once for several neighbouring outputs. The C here says what is computed, on any core;
 * sparse_conv_dsp.h has it in instructions that multiply 32 bits and add to 64.
 *
 * Inputs lie in the tile by pairs: those of an output and of another so many lanes further on share a
 * word, the one plus 2**23 times the other. A word times a weight is both products; packing proves that
 * sums keep within 23 bits. Of each row of the window the tile has the words of the first input channel,
 * then of the next; of a channel one for each column that a lane's window sees, in an order in which
 * those of lanes under the same weight follow each other. Padding is the zero point, and what the zero
 * point adds is part of the bias.
 *
 * The stream begins with the number of words behind that. It holds, for each output channel: how many weights it has, at least one; bias; of each weight
 * two bytes, up to a whole word: how many words of the tile it lies behind the one before, the first
 * behind the tile's beginning, and the weight. One that lies further behind than a byte can say has
 * weights of 0 between. Then multiplier, offset and right shift, as in dense.h. */
#ifndef FORGE_KERNELS_SPARSE_CONV_H
#define FORGE_KERNELS_SPARSE_CONV_H

#include "kernels/bytes.h"
#include "kernels/dense.h"
#include "kernels/window.h"

#define FORGE_SPARSE_CONV_LANES 4

/* lanes: pairs of outputs at once, 2 or 4. columns: of each word of a channel, counted from the first
 * lane's window; words: how many there are. dense: stream, channels, and what makes outputs of sums. */
typedef struct {
  forge_window window;
  int input_channels;
  int input_zero_point;
  int lanes;
  int words;
  const int8_t *columns;
  forge_dense dense;
} forge_sparse_conv;

/* Outputs of pixels at once. */
FORGE_INLINE int forge_sparse_conv_pixels(const forge_sparse_conv *c) { return 2 * c->lanes; }

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/sparse_conv_dsp.h"
#else

/* The first of two inputs in a word. */
FORGE_INLINE int32_t forge_sparse_conv_first(int32_t both) {
  const int32_t first = both & 0x7fffff;
  return first < 0x400000 ? first : first - 0x800000;
}

/* The second one. */
FORGE_INLINE int32_t forge_sparse_conv_second(int32_t both) {
  return (both - forge_sparse_conv_first(both)) / 0x800000;
}

/* A channel's sum for a pixel: those after the lanes are the second ones. */
FORGE_INLINE int32_t forge_sparse_conv_sum(const forge_sparse_conv *c, const int32_t *stream,
                                           const int32_t *tile, int pixel) {
  const int8_t *weights = (const int8_t *)(stream + 2);
  int32_t sum = stream[1];
  tile += pixel % c->lanes;
  for (int i = 0; i < stream[0]; ++i, weights += 2) {
    tile += (uint8_t)weights[0];
    sum += weights[1] * (pixel < c->lanes ? forge_sparse_conv_first(*tile)
                                          : forge_sparse_conv_second(*tile));
  }
  return sum;
}

/* So many quads of channels of two columns: to every so many words of the tile. Returns where the next
 * channel goes. */
FORGE_INLINE int32_t *forge_sparse_conv_quads(const int8_t *first, const int8_t *second, int quads,
                                              int words, int32_t *tile) {
  for (int i = 0; i < 4 * quads; ++i, tile += words) *tile = first[i] + second[i] * 0x800000;
  return tile;
}

/* All channels of the pixels at once, whose outputs follow each other. */
FORGE_INLINE void forge_sparse_conv_outputs(const forge_sparse_conv *c, const int32_t *tile,
                                            int8_t *output) {
  const int32_t *stream = c->dense.stream + 1;
  for (int channel = 0; channel < c->dense.channels; ++channel) {
    const int32_t *parameters = stream + 2 + (stream[0] + 1) / 2;
    for (int pixel = 0; pixel < forge_sparse_conv_pixels(c); ++pixel) {
      const int32_t sum = forge_sparse_conv_sum(c, stream, tile, pixel);
      output[pixel * c->dense.channels + channel] =
          forge_dense_output(&c->dense, 2 * sum, parameters);
    }
    stream = parameters + 3;
  }
}

#endif

/* What a window's row has in a column: its first channel, or padding. */
FORGE_INLINE const int8_t *forge_sparse_conv_inputs(const forge_sparse_conv *c, const int8_t *row,
                                                    int column, const int8_t *padding) {
  const int inside = row != NULL && column >= 0 && column < c->window.input_width;
  return inside ? row + column * c->input_channels : padding;
}

/* All channels of two columns. */
FORGE_INLINE void forge_sparse_conv_pack(const int8_t *first, const int8_t *second, int channels,
                                         int words, int32_t *tile) {
  tile = forge_sparse_conv_quads(first, second, channels / 4, words, tile);
#pragma GCC unroll 3
  for (int i = channels / 4 * 4; i < channels; ++i, tile += words) {
    *tile = first[i] + second[i] * 0x800000;
  }
}

/* The windows from an output column on to the tile. padding: a pixel of it. */
FORGE_INLINE void forge_sparse_conv_fill(const forge_sparse_conv *c, const int8_t *const *rows,
                                         int x, const int8_t *padding, int32_t *tile) {
  const forge_window *w = &c->window;
  const int left = forge_window_left(w, x), apart = c->lanes * w->stride_width;
  for (int y = 0; y < w->kernel_height; ++y, tile += c->words * c->input_channels) {
    for (int i = 0; i < c->words; ++i) {
      const int column = left + c->columns[i];
      forge_sparse_conv_pack(forge_sparse_conv_inputs(c, rows[y], column, padding),
                             forge_sparse_conv_inputs(c, rows[y], column + apart, padding),
                             c->input_channels, c->words, tile + i);
    }
  }
}

/* Columns [begin, end) of an output row. tile: a pixel of padding, up to a whole word; the inputs;
 * then room for outputs, of which some are not wanted at the end of a row. */
FORGE_INLINE void forge_sparse_conv_columns(const forge_sparse_conv *c, const int8_t *const *rows,
                                            int begin, int end, int8_t *tile, int8_t *output) {
  const int channels = c->dense.channels, pixels = forge_sparse_conv_pixels(c);
  int32_t *inputs = (int32_t *)(void *)(tile + (c->input_channels + 3) / 4 * 4);
  int8_t *spare = (int8_t *)(inputs + c->window.kernel_height * c->words * c->input_channels);
  forge_fill_bytes(tile, c->input_zero_point, c->input_channels);
  for (int x = begin; x < end; x += pixels, output += pixels * channels) {
    const int left = end - x;
    forge_sparse_conv_fill(c, rows, x, tile, inputs);
    forge_sparse_conv_outputs(c, inputs, left < pixels ? spare : output);
    if (left < pixels) forge_copy_bytes(output, spare, left * channels);
  }
}

#endif

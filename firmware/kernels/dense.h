/* The block that dense convolutions and FULLY_CONNECTED are made of: all output channels of up to three
 * pixels, from a tile of their inputs as int16 and a stream of constants that is read from its first
 * word to its last. The C here says what the block computes, on any core; dense_dsp.h has it in
 * instructions that multiply and add two pairs of int16 at once.
 *
 * The tile holds quads of four inputs each. Of several pixels, a quad of the one is followed by that
 * of the next. Which inputs a quad holds, and in which order, is agreed between who fills the tile and
 * who packs the stream: forge_dense_expand puts every second one first.
 *
 * The stream holds, for each two output channels:
 *  - their biases. What the input's zero point adds is part of them.
 *  - of each quad the weights: two words of a channel, two of the other. A word is two weights, the
 *    first in its lower half. Weights and biases are doubled, so that a product's upper word is the
 *    doubling high multiplication of TensorFlow Lite Micro. Sums may wrap on the way; packing proves
 *    that what they come to does not.
 *  - or with bytes: two words a quad, for both channels. Half a word is a weight of the first channel
 *    plus 256 times that of the second; the second bias is that of both, likewise. Nothing is
 *    doubled; quads are even in number.
 *  - of each channel: multiplier, offset, right shift. The offset is half of what the shift drops,
 *    so that it rounds, and what is to be added after it, shifted to the left.
 * Of an odd number of channels the last is followed by one that nobody reads.
 *
 * A sparse stream begins with the number of its words from here to the last of an odd number of
 * channels, or to its end. Of each two channels it has no more than the quads with weights, and says
 * where they are:
 *  - how many they are: at least one.
 *  - their biases, as with bytes.
 *  - of each quad a byte, up to a whole word: how many quads it lies behind the one before, the first
 *    behind the tile's beginning. One that lies further behind has others between, without weights.
 *  - of each quad two words, then multipliers, offsets and shifts, as with bytes. */
#ifndef FORGE_KERNELS_DENSE_H
#define FORGE_KERNELS_DENSE_H

#include <stddef.h>

#include "kernels/scaled.h"

/* Pixels at once, at the most. */
#define FORGE_DENSE_PIXELS 3
/* Bytes in a sparse stream. */
#define FORGE_DENSE_SPARSE 2

/* quads: of the tile. at_once: pixels at once, where there are so many: 2 or 3. bytes: whether weights
 * are, or FORGE_DENSE_SPARSE. rectified: an output below the zero point
 * is clamped to it, that is -128, and none above 127 is clamped before: where halves are rounded to is
 * then never seen below the zero point. */
typedef struct {
  const int32_t *stream;
  int quads, channels;
  int at_once;
  int bytes;
  int rectified;
  int activation_min, activation_max;
} forge_dense;

FORGE_INLINE int forge_dense_is_sparse(const forge_dense *d) {
  return d->bytes == FORGE_DENSE_SPARSE;
}

/* Of a sparse stream: two channels' words before their weights. */
FORGE_INLINE int forge_dense_sparse_head(const int32_t *stream) { return 3 + (stream[0] + 3) / 4; }

/* Words of the stream for two channels, which begin there. */
FORGE_INLINE int forge_dense_step(const forge_dense *d, const int32_t *stream) {
  if (forge_dense_is_sparse(d)) return forge_dense_sparse_head(stream) + 2 * stream[0] + 6;
  return 2 + d->quads * (d->bytes ? 2 : 4) + 6;
}

/* The first two channels' stream. */
FORGE_INLINE const int32_t *forge_dense_first(const forge_dense *d) {
  return d->stream + forge_dense_is_sparse(d);
}

/* Words of the stream for all twos of channels. */
FORGE_INLINE int forge_dense_words(const forge_dense *d) {
  if (forge_dense_is_sparse(d)) return d->stream[0];
  return d->channels / 2 * forge_dense_step(d, d->stream);
}

/* A doubled sum's output. parameters: multiplier, offset, shift. */
FORGE_INLINE int8_t forge_dense_output(const forge_dense *d, int32_t sum,
                                       const int32_t *parameters) {
  const int32_t scaled = forge_scaled(sum, parameters[0]);
  if (d->rectified) return forge_byte((scaled + parameters[1]) >> parameters[2]);
  const int32_t rounded = (scaled + (scaled >> 31) + parameters[1]) >> parameters[2];
  const int32_t value = rounded + d->activation_min;
  if (d->activation_min == -128 && d->activation_max == 127) return forge_byte(value);
  return forge_clamp(value, d->activation_min, d->activation_max);
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/dense_dsp.h"
#include "kernels/dense_fill_dsp.h"
#else

/* sum + both halves of a word of weights times two inputs. */
FORGE_INLINE uint32_t forge_dense_add(uint32_t sum, int32_t weights, const int16_t *inputs) {
  return sum + (uint32_t)((int16_t)weights * inputs[0] + (weights >> 16) * inputs[1]);
}

/* The lower byte of each half. */
FORGE_INLINE int32_t forge_dense_lower(int32_t weights) {
  const int32_t high = (int8_t)(weights >> 16);
  return (int32_t)((uint32_t)high << 16 | (uint16_t)(int8_t)weights);
}

/* Two channels' doubled sums of bytes: of the first, and of both. */
FORGE_INLINE void forge_dense_apart(uint32_t first, uint32_t both, int32_t sums[2]) {
  sums[0] = (int32_t)(first * 2);
  sums[1] = (int32_t)(both - first) >> 7;
}

/* Two channels' doubled sums for one pixel, whose next quad lies next values on. */
FORGE_INLINE void forge_dense_sums(const forge_dense *d, const int32_t *stream,
                                   const int16_t *tile, int next, int32_t sums[2]) {
  uint32_t first = (uint32_t)stream[0], second = (uint32_t)stream[1];
  stream += 2;
  for (int quad = 0; quad < d->quads; ++quad, tile += next) {
    for (int half = 0; half < 2; ++half, ++stream) {
      const int32_t one = d->bytes ? forge_dense_lower(stream[0]) : stream[0];
      first = forge_dense_add(first, one, tile + 2 * half);
      second = forge_dense_add(second, d->bytes ? stream[0] : stream[2], tile + 2 * half);
    }
    if (!d->bytes) stream += 2;
  }
  sums[0] = (int32_t)first;
  sums[1] = (int32_t)second;
  if (d->bytes) forge_dense_apart(first, second, sums);
}

/* The same from a sparse stream. */
FORGE_INLINE void forge_dense_sparse_sums(const int32_t *stream, const int16_t *tile, int next,
                                          int32_t sums[2]) {
  const int32_t *weights = stream + forge_dense_sparse_head(stream);
  const uint8_t *behind = (const uint8_t *)(stream + 3);
  uint32_t first = (uint32_t)stream[1], both = (uint32_t)stream[2];
  for (int quad = 0; quad < stream[0]; ++quad) {
    tile += behind[quad] * next;
    for (int half = 0; half < 2; ++half, ++weights) {
      first = forge_dense_add(first, forge_dense_lower(*weights), tile + 2 * half);
      both = forge_dense_add(both, *weights, tile + 2 * half);
    }
  }
  forge_dense_apart(first, both, sums);
}

/* Two channels after two, at least once, of each pixel, whose outputs lie step bytes apart. words: of
 * the stream for them. */
FORGE_INLINE void forge_dense_pairs(const forge_dense *d, int pixels, const int16_t *tile,
                                    const int32_t *stream, int words, int8_t *output, int step) {
  for (const int32_t *end = stream + words; stream != end; output += 2) {
    const int32_t *next = stream + forge_dense_step(d, stream), *parameters = next - 6;
    for (int pixel = 0; pixel < pixels; ++pixel) {
      int32_t sums[2];
      if (forge_dense_is_sparse(d)) forge_dense_sparse_sums(stream, tile + 4 * pixel, 4 * pixels, sums);
      else forge_dense_sums(d, stream, tile + 4 * pixel, 4 * pixels, sums);
      output[pixel * step] = forge_dense_output(d, sums[0], parameters);
      output[pixel * step + 1] = forge_dense_output(d, sums[1], parameters + 3);
    }
    stream = next;
  }
}

/* Inputs of up to three pixels as so many quads of a tile: the first and the third of each four, then
 * the second and the fourth. Returns where the quads end. */
FORGE_INLINE int16_t *forge_dense_expand(int pixels, const int8_t *const *inputs, int16_t *tile,
                                         int quads) {
  for (int quad = 0; quad < quads; ++quad) {
    for (int pixel = 0; pixel < pixels; ++pixel, tile += 4) {
      const int8_t *input = inputs[pixel] + 4 * quad;
      tile[0] = input[0];
      tile[1] = input[2];
      tile[2] = input[1];
      tile[3] = input[3];
    }
  }
  return tile;
}

#endif

/* All channels of up to three pixels, whose outputs follow each other. */
FORGE_INLINE void forge_dense_run(const forge_dense *d, int pixels, const int16_t *tile,
                                  int8_t *output) {
  const int words = forge_dense_words(d);
  const int32_t *first = forge_dense_first(d);
  if (d->channels > 1) forge_dense_pairs(d, pixels, tile, first, words, output, d->channels);
  if (d->channels % 2) {
    int8_t last[FORGE_DENSE_PIXELS][2];
    const int32_t *stream = first + words;
    forge_dense_pairs(d, pixels, tile, stream, forge_dense_step(d, stream), last[0], 2);
    for (int i = 0; i < pixels; ++i) output[(i + 1) * d->channels - 1] = last[i][0];
  }
}

/* How many times three of so many pixels are made at once: none that would leave one alone. Before the
 * loop, so that compilers see what a layer never calls. */
FORGE_INLINE int forge_dense_threes(const forge_dense *d, int pixels) {
  return d->at_once == 3 ? pixels / 3 - (pixels > 3 && pixels % 3 == 1) : 0;
}

/* What is left of each stretch of inputs beyond its quads gathers behind all of them, in the order in
 * which it comes: the place of the number-th, of a pixel. */
FORGE_INLINE int16_t *forge_dense_rest(int pixels, int16_t *rest, int number, int pixel) {
  return rest + number + (pixels - 1) * (number & ~3) + 4 * pixel;
}

/* A stretch of inputs of up to three pixels: its quads to the tile, what is left to the rest, where the
 * number-th is the first of it. Returns where its quads end. */
FORGE_INLINE int16_t *forge_dense_fill(int pixels, const int8_t *const *inputs, int count,
                                       int16_t *tile, int16_t *rest, int number) {
  tile = forge_dense_expand(pixels, inputs, tile, count / 4);
#pragma GCC unroll 3
  for (int i = count / 4 * 4; i < count; ++i, ++number) {
#pragma GCC unroll 3
    for (int pixel = 0; pixel < pixels; ++pixel) {
      *forge_dense_rest(pixels, rest, number, pixel) = inputs[pixel][i];
    }
  }
  return tile;
}

#endif

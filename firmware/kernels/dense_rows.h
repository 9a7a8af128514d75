/* FULLY_CONNECTED with bytes, as dense.h has them, from inputs as they are: four or eight channels at
 * once, so that it pays to make int16 of each input again for them, and no tile is needed. Depths are
 * multiples of 8.
 *
 * The stream holds, for so many channels, what dense.h's holds for each two of them, in turns: the
 * biases; of each quad the two words; multiplier, offset and right shift of each channel. Channels that
 * are missing from the last are there, and nobody reads them. */
#ifndef FORGE_KERNELS_DENSE_ROWS_H
#define FORGE_KERNELS_DENSE_ROWS_H

#include "kernels/dense.h"

#define FORGE_DENSE_ROWS_CHANNELS 8

/* together: channels at once, 4 or 8. */
typedef struct {
  int rows, input_depth;
  int together;
  forge_dense dense;
} forge_dense_rows;

/* Words of the stream for the channels at once. */
FORGE_INLINE int forge_dense_rows_step(const forge_dense_rows *c) {
  return c->together * (1 + c->dense.quads + 3);
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/dense_rows_dsp.h"
#else

/* Two of the channels. stream: their biases; words: of the first quad. */
FORGE_INLINE void forge_dense_rows_pair(const forge_dense_rows *c, const int8_t *input,
                                        const int32_t *stream, const int32_t *words,
                                        const int32_t *parameters, int8_t *output) {
  const forge_dense *d = &c->dense;
  uint32_t first = (uint32_t)stream[0], both = (uint32_t)stream[1];
  for (int quad = 0; quad < d->quads; ++quad, words += c->together, input += 4) {
    for (int half = 0; half < 2; ++half) {
      const int16_t inputs[2] = {input[half], input[half + 2]};
      first = forge_dense_add(first, forge_dense_lower(words[half]), inputs);
      both = forge_dense_add(both, words[half], inputs);
    }
  }
  output[0] = forge_dense_output(d, (int32_t)(first * 2), parameters);
  output[1] = forge_dense_output(d, (int32_t)(both - first) >> 7, parameters + 3);
}

/* So many times the channels at once, at least once, of one row. */
FORGE_INLINE void forge_dense_rows_channels(const forge_dense_rows *c, const int8_t *input,
                                            const int32_t *stream, int times, int8_t *output) {
  const int step = forge_dense_rows_step(c);
  for (int i = 0; i < times; ++i, stream += step) {
    const int32_t *words = stream + c->together, *parameters = stream + step - 3 * c->together;
    for (int j = 0; j < c->together; j += 2, output += 2) {
      forge_dense_rows_pair(c, input, stream + j, words + j, parameters + 3 * j, output);
    }
  }
}

#endif

FORGE_INLINE void forge_dense_rows_run(const forge_dense_rows *c, const int8_t *input,
                                       int8_t *output) {
  const int channels = c->dense.channels, times = channels / c->together;
  const int whole = times * c->together;
  for (int row = 0; row < c->rows; ++row, input += c->input_depth, output += channels) {
    if (times) forge_dense_rows_channels(c, input, c->dense.stream, times, output);
    if (whole < channels) {
      int8_t last[FORGE_DENSE_ROWS_CHANNELS];
      const int32_t *stream = c->dense.stream + times * forge_dense_rows_step(c);
      forge_dense_rows_channels(c, input, stream, 1, last);
      for (int i = whole; i < channels; ++i) output[i] = last[i - whole];
    }
  }
}

#endif

/* FULLY_CONNECTED for Cortex-M0+, two channels at once: their weights for an input share a word, the
 * first's plus 65536 times the second's. The C here says what is computed, on any core;
 * twin_channels_6m.h has it in instructions of that core.
 *
 * The stream holds, for each two output channels:
 *  - their biases. What the input's zero point adds is part of them.
 *  - a word of weights for each input; 0 behind an odd number of them. Packing proves that the sum of
 *    two neighbouring products fits 16 bits.
 *  - the second channel's scaling, then the first's, as narrow.h has it.
 * Of an odd number of channels the last is followed by one that nobody reads. */
#ifndef FORGE_KERNELS_TWIN_CHANNELS_H
#define FORGE_KERNELS_TWIN_CHANNELS_H

#include "kernels/narrow.h"

typedef struct {
  int rows, input_depth, channels;
  const int32_t *stream;
  forge_narrow outputs;
} forge_twin_channels;

/* Inputs, an even number of them. */
FORGE_INLINE int forge_twin_channels_inputs(const forge_twin_channels *c) {
  return (c->input_depth + 1) & ~1;
}

/* Words of the stream for two channels. */
FORGE_INLINE int forge_twin_channels_words(const forge_twin_channels *c) {
  return 2 + forge_twin_channels_inputs(c) + 2 * FORGE_NARROW_SCALING;
}

#ifdef __ARM_ARCH_6M__
#include "kernels/twin_channels_6m.h"
#else

/* So many times two channels. second: how far the second output lies behind the first. */
FORGE_INLINE void forge_twin_channels_pairs(const forge_twin_channels *c, const int32_t *inputs,
                                            const int32_t *stream, int pairs, int second,
                                            int8_t *output) {
  for (; pairs > 0; --pairs, stream += FORGE_NARROW_SCALING, output += 2) {
    uint32_t sums[2] = {(uint32_t)stream[0], (uint32_t)stream[1]};
    stream += 2;
    for (int i = 0; i < forge_twin_channels_inputs(c); i += 2, stream += 2) {
      forge_narrow_apart((uint32_t)inputs[i] * (uint32_t)stream[0] +
                             (uint32_t)inputs[i + 1] * (uint32_t)stream[1],
                         sums);
    }
    output[second] = forge_narrow_output(&c->outputs, (int32_t)sums[1], stream);
    stream += FORGE_NARROW_SCALING;
    output[0] = forge_narrow_output(&c->outputs, (int32_t)sums[0], stream);
  }
}

#endif

/* tile: a word for each input, of an even number of them. */
FORGE_INLINE void forge_twin_channels_run(const forge_twin_channels *c, const int8_t *input,
                                          int8_t *output, int32_t *tile) {
  const int pairs = c->channels / 2;
  const int32_t *last = c->stream + pairs * forge_twin_channels_words(c);
  for (int row = 0; row < c->rows; ++row, input += c->input_depth, output += c->channels) {
    for (int i = 0; i < c->input_depth; ++i) tile[i] = input[i];
    if (c->input_depth % 2) tile[c->input_depth] = 0;
    if (pairs) forge_twin_channels_pairs(c, tile, c->stream, pairs, 1, output);
    if (c->channels % 2) {
      forge_twin_channels_pairs(c, tile, last, 1, 0, output + c->channels - 1);
    }
  }
}

#endif

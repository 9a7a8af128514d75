/* Dense sums for Cortex-M0+, of two pixels at once. They are twins: the inputs of both share a word, the
 * first's plus 65536 times the second's, so that one product with a weight is that of both. The C here
 * says what the block computes, on any core; twins_6m.h has it in instructions of that core.
 *
 * The tile holds a word for each input of the two pixels. The stream holds, for each output channel:
 *  - its bias. What the input's zero point adds is part of it.
 *  - the weights, four a word; 0 where the tile ends before a word does. Packing proves that the sum of
 *    two neighbouring products fits 16 bits: those of the first pixel and of the second come apart.
 *  - its scaling, as narrow.h has it. */
#ifndef FORGE_KERNELS_TWINS_H
#define FORGE_KERNELS_TWINS_H

#include "kernels/narrow.h"

/* words: of weights, for each channel; listed: of the stream, where that holds lists of them
 * (sparse_twins.h), and else 0. */
typedef struct {
  const int32_t *stream;
  int words, listed, channels;
  forge_narrow outputs;
} forge_twins;

FORGE_INLINE uint32_t forge_twin(int8_t first, int8_t second) {
  return (uint32_t)first + ((uint32_t)second << 16);
}

#ifdef __ARM_ARCH_6M__
#include "kernels/twins_6m.h"
#else

/* All channels of two pixels. */
FORGE_INLINE void forge_twins_run(const forge_twins *t, const uint32_t *tile, int8_t *first,
                                  int8_t *second) {
  const int32_t *stream = t->stream;
  for (int channel = 0; channel < t->channels; ++channel, stream += FORGE_NARROW_SCALING) {
    uint32_t sums[2] = {(uint32_t)*stream, (uint32_t)*stream};
    const int8_t *weights = (const int8_t *)++stream;
    for (int i = 0; i < 4 * t->words; i += 2) {
      const int32_t one = weights[i], other = weights[i + 1];
      forge_narrow_apart(tile[i] * (uint32_t)one + tile[i + 1] * (uint32_t)other, sums);
    }
    stream += t->words;
    first[channel] = forge_narrow_output(&t->outputs, (int32_t)sums[0], stream);
    second[channel] = forge_narrow_output(&t->outputs, (int32_t)sums[1], stream);
  }
}

#endif

#endif

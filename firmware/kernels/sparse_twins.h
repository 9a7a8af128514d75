/* Sums of two pixels for Cortex-M0+, as in twins.h, with few weights: for each output channel a list of
 * them. The C here says what is computed, on any core; sparse_twins_6m.h has it in instructions of that
 * core.
 *
 * The tile is that of twins.h. The stream holds, for each output channel:
 *  - how many bytes its list takes, a multiple of 8 and not 0.
 *  - its bias. What the input's zero point adds is part of it.
 *  - of each weight two bytes: how many bytes of the tile its word lies behind the one before, the first
 *    behind the tile's beginning, and the weight. One that lies further behind than a byte can say has
 *    weights of 0 between, and such fill the last words. Packing proves that the sum of two neighbouring
 *    products fits 16 bits.
 *  - its scaling, as narrow.h has it. */
#ifndef FORGE_KERNELS_SPARSE_TWINS_H
#define FORGE_KERNELS_SPARSE_TWINS_H

#include "kernels/twins.h"

#ifdef __ARM_ARCH_6M__
#include "kernels/sparse_twins_6m.h"
#else

/* Adds a list's products, of so many bytes of it, to both pixels' sums. */
FORGE_INLINE void forge_sparse_twins_add(const int8_t *list, int bytes, const uint32_t *tile,
                                         uint32_t sums[2]) {
  for (const int8_t *end = list + bytes; list != end; list += 4) {
    const int32_t one = list[1], other = list[3];
    const uint32_t *first = tile + (uint8_t)list[0] / 4;
    tile = first + (uint8_t)list[2] / 4;
    forge_narrow_apart(*first * (uint32_t)one + *tile * (uint32_t)other, sums);
  }
}

/* All channels of two pixels. */
FORGE_INLINE void forge_sparse_twins_run(const forge_twins *t, const uint32_t *tile, int8_t *first,
                                         int8_t *second) {
  const int32_t *stream = t->stream;
  for (int channel = 0; channel < t->channels; ++channel, stream += FORGE_NARROW_SCALING) {
    uint32_t sums[2] = {(uint32_t)stream[1], (uint32_t)stream[1]};
    forge_sparse_twins_add((const int8_t *)(stream + 2), stream[0], tile, sums);
    stream += 2 + stream[0] / 4;
    first[channel] = forge_narrow_output(&t->outputs, (int32_t)sums[0], stream);
    second[channel] = forge_narrow_output(&t->outputs, (int32_t)sums[1], stream);
  }
}

#endif

#endif

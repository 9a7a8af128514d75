/* How sums become outputs on a core whose products have 32 bits and of whose registers most
 * instructions reach eight: Cortex-M0+. The C here says what is computed, on any core; narrow_6m.h has
 * it in that core's instructions, and what the blocks around it have in common.
 *
 * Four words of a stream of constants are a channel's scaling: the multiplier as its signed lower half
 * and what is left of it, in 65536ths; offset; right shift. The offset is half of what the shift drops,
 * so that it rounds, and what is to be added after it, shifted to the left. */
#ifndef FORGE_KERNELS_NARROW_H
#define FORGE_KERNELS_NARROW_H

#include "kernels/fixed_point.h"

#define FORGE_NARROW_SCALING 4

/* Outputs are least to least + range. */
typedef struct {
  int least, range;
} forge_narrow;

#ifdef __ARM_ARCH_6M__
#include "kernels/narrow_6m.h"
#else

/* Adds the sums of two products each that a word holds, the first plus 65536 times the second. Sums may
 * wrap on the way; packing proves that what they come to does not. */
FORGE_INLINE void forge_narrow_apart(uint32_t both, uint32_t sums[2]) {
  const int32_t first = (int16_t)both, second = (int32_t)(both - (uint32_t)first) >> 16;
  sums[0] += (uint32_t)first;
  sums[1] += (uint32_t)second;
}

FORGE_INLINE int8_t forge_narrow_output(const forge_narrow *n, int32_t sum,
                                        const int32_t *scaling) {
  const int32_t multiplier = (int32_t)(((uint32_t)scaling[1] << 16) + (uint32_t)scaling[0]);
  const int32_t scaled = forge_doubling_high_mul(sum, multiplier);
  const int32_t rounded = (scaled + (scaled >> 31) + scaling[2]) >> scaling[3];
  return (int8_t)(n->least + (rounded < 0 ? 0 : rounded > n->range ? n->range : rounded));
}

#endif

#endif

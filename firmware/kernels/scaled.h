/* The two instructions of a core with DSP that make outputs of doubled sums, and what they do. */
#ifndef FORGE_KERNELS_SCALED_H
#define FORGE_KERNELS_SCALED_H

#include "kernels/fixed_point.h"

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)

FORGE_INLINE int32_t forge_scaled(int32_t sum, int32_t multiplier) {
  int32_t upper;
  __asm__("smmulr %0, %1, %2" : "=r"(upper) : "r"(sum), "r"(multiplier));
  return upper;
}

FORGE_INLINE int8_t forge_byte(int32_t x) {
  int32_t byte;
  __asm__("ssat %0, #8, %1" : "=r"(byte) : "r"(x) : "cc");
  return (int8_t)byte;
}

#else

/* The upper word of sum * multiplier, halves rounded up. */
FORGE_INLINE int32_t forge_scaled(int32_t sum, int32_t multiplier) {
  return (int32_t)(((int64_t)sum * multiplier + ((int64_t)1 << 31)) >> 32);
}

FORGE_INLINE int8_t forge_byte(int32_t x) { return forge_clamp(x, -128, 127); }

#endif

#endif

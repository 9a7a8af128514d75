/* Ranges of int8 values, four in a word where the core compares four bytes at once. */
#ifndef FORGE_KERNELS_CLAMP_H
#define FORGE_KERNELS_CLAMP_H

#include "kernels/fixed_point.h"

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)

/* Words need not be aligned. */
FORGE_INLINE uint32_t forge_load_4(const int8_t *from) {
  uint32_t four;
  __builtin_memcpy(&four, from, sizeof four);
  return four;
}

FORGE_INLINE void forge_store_4(int8_t *to, uint32_t four) {
  __builtin_memcpy(to, &four, sizeof four);
}

/* The larger of each two bytes; the smaller. */
FORGE_INLINE uint32_t forge_max_4(uint32_t a, uint32_t b) {
  uint32_t found;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(found) : "r"(a), "r"(b) : "cc");
  return found;
}

FORGE_INLINE uint32_t forge_min_4(uint32_t a, uint32_t b) {
  uint32_t found;
  __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(found) : "r"(a), "r"(b) : "cc");
  return found;
}

#endif

/* Values to [low, high]; nothing where that is all of int8. */
FORGE_INLINE void forge_clamp_bytes(int8_t *values, int size, int low, int high) {
  if (low <= INT8_MIN && high >= INT8_MAX) return;
  int i = 0;
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
  const uint32_t least = (uint8_t)low * 0x01010101u, most = (uint8_t)high * 0x01010101u;
  for (; i + 4 <= size; i += 4) {
    forge_store_4(values + i, forge_min_4(forge_max_4(forge_load_4(values + i), least), most));
  }
#endif
  for (; i < size; ++i) values[i] = forge_clamp(values[i], low, high);
}

#endif

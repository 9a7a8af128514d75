/* Four int8 values in a word, for cores that compute with four bytes at once, as the DSP extension of
 * Cortex-M4, M7, M33 and M55 does; and the same on any core. */
#ifndef FORGE_KERNELS_FOUR_BYTES_H
#define FORGE_KERNELS_FOUR_BYTES_H

#include "kernels/fixed_point.h"
#if defined(__ARM_FEATURE_MVE)
#include "kernels/bytes_mve.h"
#endif

/* Words need not be aligned. */
FORGE_INLINE uint32_t forge_load_4(const int8_t *from) {
  uint32_t four;
  __builtin_memcpy(&four, from, sizeof four);
  return four;
}

FORGE_INLINE void forge_store_4(int8_t *to, uint32_t four) {
  __builtin_memcpy(to, &four, sizeof four);
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)

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

/* Sums of four bytes' values, as int16: of the first and the third, of the second and the fourth. */
typedef struct {
  uint32_t even, odd;
} forge_sums_4;

FORGE_INLINE forge_sums_4 forge_add_4(forge_sums_4 sums, uint32_t four) {
  __asm__("sxtab16 %0, %0, %1" : "+r"(sums.even) : "r"(four));
  __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sums.odd) : "r"(four));
  return sums;
}

FORGE_INLINE int32_t forge_sum_of_4(forge_sums_4 sums, int i) {
  const uint32_t pair = i % 2 ? sums.odd : sums.even;
  return i < 2 ? (int16_t)pair : (int32_t)pair >> 16;
}

#else

FORGE_INLINE int8_t forge_byte_of_4(uint32_t four, int i) {
  return (int8_t)(four >> 8 * i & 0xff);
}

FORGE_INLINE uint32_t forge_max_4(uint32_t a, uint32_t b) {
  uint32_t found = 0;
  for (int i = 0; i < 4; ++i) {
    const uint32_t larger = forge_byte_of_4(a, i) > forge_byte_of_4(b, i) ? a : b;
    found |= larger & (uint32_t)0xff << 8 * i;
  }
  return found;
}

FORGE_INLINE uint32_t forge_min_4(uint32_t a, uint32_t b) {
  return a ^ b ^ forge_max_4(a, b);
}

typedef struct {
  int16_t of[4];
} forge_sums_4;

FORGE_INLINE forge_sums_4 forge_add_4(forge_sums_4 sums, uint32_t four) {
  for (int i = 0; i < 4; ++i) sums.of[i] = (int16_t)(sums.of[i] + forge_byte_of_4(four, i));
  return sums;
}

FORGE_INLINE int32_t forge_sum_of_4(forge_sums_4 sums, int i) {
  return sums.of[i];
}

#endif

/* Values to [low, high]; nothing where that is all of int8. */
FORGE_INLINE void forge_clamp_bytes(int8_t *values, int size, int low, int high) {
  if (low <= INT8_MIN && high >= INT8_MAX) return;
#if defined(__ARM_FEATURE_MVE)
  forge_clamp_bytes_mve(values, size, low, high);
#else
  const uint32_t least = (uint8_t)low * 0x01010101u, most = (uint8_t)high * 0x01010101u;
  int i = 0;
  for (; i + 4 <= size; i += 4) {
    forge_store_4(values + i, forge_min_4(forge_max_4(forge_load_4(values + i), least), most));
  }
  for (; i < size; ++i) values[i] = forge_clamp(values[i], low, high);
#endif
}

#endif

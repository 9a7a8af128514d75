/* Requantization in one multiplication, of doubled sums. Whoever packs the numbers proves that it comes
 * to the same as forge_requantize with its two roundings. */
#ifndef FORGE_KERNELS_OFFSETS_H
#define FORGE_KERNELS_OFFSETS_H

#include "kernels/fixed_point.h"

/* The upper word of a * b, rounded, halves up; plus offset. */
FORGE_INLINE int32_t forge_upper_word(int32_t a, int32_t b, int32_t offset) {
#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
  int32_t found;
  __asm__("smmlar %0, %1, %2, %3" : "=r"(found) : "r"(a), "r"(b), "r"(offset));
  return found;
#else
  return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32) + offset;
#endif
}

/* offset: half of what the shift drops, and the output's zero point shifted to the left. away: whether
 * halves below zero are rounded down, not up; the shift is then 1 at least. */
typedef struct {
  int32_t multiplier, offset;
  int shift;
  int away;
} forge_offsets;

FORGE_INLINE int8_t forge_offset_output(const forge_offsets *o, int32_t doubled) {
  const int32_t offset = o->offset + (o->away ? doubled >> 31 : 0);
  const int32_t scaled = forge_upper_word(doubled, o->multiplier, offset) >> o->shift;
  return forge_clamp(scaled, INT8_MIN, INT8_MAX);
}

#endif

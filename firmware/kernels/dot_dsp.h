/* dot.h for cores that multiply and add two pairs of int16 at once: Cortex-M4, M7, M33, M55. Four
 * values at a time, which need not be aligned: the zero point is taken off as bytes become int16. */
#ifndef FORGE_KERNELS_DOT_DSP_H
#define FORGE_KERNELS_DOT_DSP_H

#include "kernels/four_bytes.h"

/* Of four bytes: the first and the third as int16, and the second and the fourth. */
typedef struct {
  uint32_t even, odd;
} forge_pairs;

/* Four values less the zero point, which each half of zero holds negated. */
FORGE_INLINE forge_pairs forge_pairs_less(uint32_t four, uint32_t zero) {
  forge_pairs pairs;
  __asm__("sxtab16 %0, %1, %2" : "=r"(pairs.even) : "r"(zero), "r"(four));
  __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(pairs.odd) : "r"(zero), "r"(four));
  return pairs;
}

FORGE_INLINE uint32_t forge_negated_twice(int zero_point) {
  return (uint16_t)-zero_point * 0x00010001u;
}

/* acc + the products of four values and weights. */
FORGE_INLINE int32_t forge_products_4(int32_t acc, forge_pairs x, const int8_t *w) {
  const uint32_t four = forge_load_4(w);
  forge_pairs weights;
  __asm__("sxtb16 %0, %1" : "=r"(weights.even) : "r"(four));
  __asm__("sxtb16 %0, %1, ror #8" : "=r"(weights.odd) : "r"(four));
  __asm__("smlad %0, %1, %2, %0" : "+r"(acc) : "r"(x.even), "r"(weights.even) : "cc");
  __asm__("smlad %0, %1, %2, %0" : "+r"(acc) : "r"(x.odd), "r"(weights.odd) : "cc");
  return acc;
}

/* As in dot.h. One channel or four: of one, loops take as long as products do. */
FORGE_INLINE int forge_dot_fours(int32_t *acc, int channels, const int8_t *x, const int8_t *w,
                                 int step, int size, int zero_point) {
  const uint32_t zero = forge_negated_twice(zero_point);
  const int fours = size & ~3;
  if (channels == 1) {
#pragma GCC unroll 2
    for (int i = 0; i < fours; i += 4) {
      *acc = forge_products_4(*acc, forge_pairs_less(forge_load_4(x + i), zero), w + i);
    }
    return fours;
  }
  for (int i = 0; i < fours; i += 4) {
    const forge_pairs pairs = forge_pairs_less(forge_load_4(x + i), zero);
    acc[0] = forge_products_4(acc[0], pairs, w + i);
    acc[1] = forge_products_4(acc[1], pairs, w + i + step);
    acc[2] = forge_products_4(acc[2], pairs, w + i + 2 * step);
    acc[3] = forge_products_4(acc[3], pairs, w + i + 3 * step);
  }
  return fours;
}

#endif

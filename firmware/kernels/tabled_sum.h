/* ADD and SUB of two int8 tensors of one size. The input with the larger scale comes to the common one
 * by a shift alone; the other one by a table of what all its values come to. The output may lie over
 * an input. */
#ifndef FORGE_KERNELS_TABLED_SUM_H
#define FORGE_KERNELS_TABLED_SUM_H

#include "kernels/four_bytes.h"
#include "kernels/offsets.h"

/* table[q + 128]: the doubled term of value q of the first input, with what the second one's zero
 * point adds. negated: whether the second input is subtracted. */
typedef struct {
  int size;
  int negated;
  int activation_min, activation_max;
  forge_offsets scaling;
  const int32_t *table;
} forge_tabled_sum;

/* The second input's values, doubled, on the common scale. */
#define FORGE_SUM_SHIFT 20

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/tabled_sum_dsp.h"
#else

FORGE_INLINE int forge_tabled_sum_fours(const forge_tabled_sum *c, const int8_t *first,
                                        const int8_t *second, int8_t *output) {
  (void)c, (void)first, (void)second, (void)output;
  return 0;
}

#endif

FORGE_INLINE int8_t forge_sum_1(const forge_tabled_sum *c, int8_t first, int8_t second) {
  const int32_t term = second * (1 << FORGE_SUM_SHIFT);
  const int32_t sum = c->table[first + 128] + (c->negated ? -term : term);
  return forge_offset_output(&c->scaling, sum);
}

FORGE_INLINE void forge_tabled_sum_run(const forge_tabled_sum *c, const int8_t *first,
                                       const int8_t *second, int8_t *output) {
  int i = forge_tabled_sum_fours(c, first, second, output);
  for (; i < c->size; ++i) output[i] = forge_sum_1(c, first[i], second[i]);
  forge_clamp_bytes(output, c->size, c->activation_min, c->activation_max);
}

#endif

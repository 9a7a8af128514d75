/* ADD and SUB of two int8 tensors of one size, in vectors of four on a Cortex-M55: a weighted sum. The
 * rescaling of both inputs and of their sum, rounded six times in TensorFlow Lite Micro, is so nearly
 * linear that two factors and an offset give the same output for every pair of values; packing has looked
 * at all of them. The output may lie over an input. */
#ifndef FORGE_KERNELS_LINEAR_SUM_H
#define FORGE_KERNELS_LINEAR_SUM_H

#include "kernels/four_bytes.h"

/* first, second: factors of the inputs. offset: what the zero points add. Of sums in units of 2^-20
 * steps of the output, which fit int32, before halves are rounded up. */
typedef struct {
  int size;
  int32_t first, second, offset;
  int activation_min, activation_max;
} forge_linear_sum;

#if defined(__ARM_FEATURE_MVE)

/* VSHRN and VQRSHRN together: to the right by 20, rounded, saturated. Not VQSHRN, which GNU's assembler
 * 2.40 takes for VQRSHRN. */
FORGE_INLINE void forge_linear_sums(const forge_linear_sum *c, const int8_t *first,
                                    const int8_t *second, int8_t *output) {
  __asm__ volatile(
      "wlstp.32 lr, %3, 2f\n"
      "1:\n"
      "vldrb.s32 q0, [%0], #4\n"
      "vldrb.s32 q1, [%1], #4\n"
      "vshl.i32 q0, q0, #23\n"
      "vshl.i32 q1, q1, #23\n"
      "vqrdmulh.s32 q0, q0, %4\n"
      "vqrdmlah.s32 q0, q1, %5\n"
      "vadd.i32 q0, q0, %6\n"
      "vshrnb.i32 q0, q0, #16\n"
      "vqrshrnb.s16 q0, q0, #4\n"
      "vstrb.32 q0, [%2], #4\n"
      "letp lr, 1b\n"
      "2:\n"
      : "+l"(first), "+l"(second), "+l"(output)
      : "r"(c->size), "r"(c->first), "r"(c->second), "r"(c->offset)
      : "lr", "q0", "q1", "memory");
}

#else

FORGE_INLINE void forge_linear_sums(const forge_linear_sum *c, const int8_t *first,
                                    const int8_t *second, int8_t *output) {
  for (int i = 0; i < c->size; ++i) {
    const int32_t sum = forge_doubling_high_mul(first[i] * (1 << 23), c->first) +
                        forge_doubling_high_mul(second[i] * (1 << 23), c->second) + c->offset;
    output[i] = forge_clamp(((sum >> 16) + 8) >> 4, INT8_MIN, INT8_MAX);
  }
}

#endif

FORGE_INLINE void forge_linear_sum_run(const forge_linear_sum *c, const int8_t *first,
                                       const int8_t *second, int8_t *output) {
  forge_linear_sums(c, first, second, output);
  forge_clamp_bytes(output, c->size, c->activation_min, c->activation_max);
}

#endif

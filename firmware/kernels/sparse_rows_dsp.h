/* sparse_rows.h's outputs on cores with DSP instructions, as in dense_dsp.h.
 *
 * r0: input, r1: stream, r2-r5: weights and places, eight of them, r6-r9: inputs, r11: where the list
 * ends, r12: sum. */
#ifndef FORGE_KERNELS_SPARSE_ROWS_DSP_H
#define FORGE_KERNELS_SPARSE_ROWS_DSP_H

#include "kernels/naked.h"

/* Four weights, from two words. */
#define FORGE_SPARSE_ROWS_FOUR(one, two)   \
  "uxtab r6, r0, " one ", ror #8\n"        \
  "uxtab r7, r6, " one ", ror #24\n"       \
  "uxtab r8, r7, " two ", ror #8\n"        \
  "uxtab r0, r8, " two ", ror #24\n"       \
  "ldrsb r6, [r6]\n"                       \
  "ldrsb r7, [r7]\n"                       \
  "ldrsb r8, [r8]\n"                       \
  "ldrsb r9, [r0]\n"                       \
  "sxtb16 " one ", " one "\n"              \
  "sxtb16 " two ", " two "\n"              \
  "smlabb r12, r6, " one ", r12\n"         \
  "smlabt r12, r7, " one ", r12\n"         \
  "smlabb r12, r8, " two ", r12\n"         \
  "smlabt r12, r9, " two ", r12\n"

#define FORGE_SPARSE_ROWS_SUM        \
  "1:\n"                             \
  "ldmia r1!, {r11, r12}\n"          \
  "add r11, r1, r11, lsl #2\n"       \
  "2:\n"                             \
  "ldmia r1!, {r2-r5}\n"             \
  FORGE_SPARSE_ROWS_FOUR("r2", "r3") \
  FORGE_SPARSE_ROWS_FOUR("r4", "r5") \
  "cmp r1, r11\n"                    \
  "bne 2b\n"                         \
  "ldmia r1!, {r2-r4}\n"             \
  "lsl r12, r12, #1\n"

#define FORGE_SPARSE_ROWS_STORE \
  "ldr r8, [sp, #16]\n"         \
  "strb r12, [r8], #1\n"        \
  "str r8, [sp, #16]\n"         \
  FORGE_DENSE_END

FORGE_DENSE_FUNCTION(forge_sparse_rows_rectified,
                     FORGE_SPARSE_ROWS_SUM
                     FORGE_DENSE_RECTIFY("r12", "r2", "r3", "r4")
                     FORGE_SPARSE_ROWS_STORE)
FORGE_DENSE_FUNCTION(forge_sparse_rows_clamped,
                     FORGE_SPARSE_ROWS_SUM
                     FORGE_DENSE_SCALE("r12", "r2", "r3", "r4")
                     "ldrd r4, r5, [sp, #24]\n"
                     FORGE_DENSE_CLAMP("r12")
                     FORGE_SPARSE_ROWS_STORE)

/* A sum with what a list adds, a multiple of four weights. r2: where the list ends. */
FORGE_NAKED uint32_t forge_sparse_rows_list(FORGE_ARGUMENT const int8_t *input,
                                            FORGE_ARGUMENT const int32_t *list,
                                            FORGE_ARGUMENT const int32_t *end,
                                            FORGE_ARGUMENT uint32_t sum) {
  __asm__ volatile(
      "mov r12, r3\n"
      "cmp r1, r2\n"
      "beq 2f\n"
      "push {r4-r9}\n"
      "1:\n"
      "ldmia r1!, {r4, r5}\n"
      FORGE_SPARSE_ROWS_FOUR("r4", "r5")
      "cmp r1, r2\n"
      "bne 1b\n"
      "pop {r4-r9}\n"
      "2:\n"
      "mov r0, r12\n"
      "bx lr\n");
}

FORGE_INLINE void forge_sparse_rows_outputs(const forge_sparse_rows *c, const int8_t *input,
                                            int8_t *output) {
  const forge_dense *d = &c->dense;
  const forge_dense_job job =
      forge_dense_job_of(d, input, input, 0, d->stream, c->words, output, 0);
  if (d->rectified) forge_sparse_rows_rectified(&job);
  else forge_sparse_rows_clamped(&job);
}

#endif

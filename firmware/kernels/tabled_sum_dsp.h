/* tabled_sum.h for cores with the DSP extension: Cortex-M4, M7, M33, M55. Four elements at a time, whose
 * loads follow each other. A firmware has each function at most once, and none that it does not call. */
#ifndef FORGE_KERNELS_TABLED_SUM_DSP_H
#define FORGE_KERNELS_TABLED_SUM_DSP_H

#include "kernels/naked.h"

/* zero: where the table has value 0. fours: how often four elements, at least once. */
typedef struct {
  const int32_t *zero;
  int32_t multiplier, offset;
  int shift, fours;
} forge_sum_job;

#define FORGE_SUM_TERM(sum, value, operation) #operation " " #sum ", " #sum ", " #value ", lsl #20\n"
#define FORGE_SUM_AWAY(sum)                              \
  "add lr, r10, " #sum ", asr #31\n"                     \
  "smmlar " #sum ", " #sum ", r9, lr\n"
#define FORGE_SUM_UP(sum) "smmlar " #sum ", " #sum ", r9, r10\n"
#define FORGE_SUM_OUTPUT(sum, rounded, place)            \
  rounded(sum) "asr " #sum ", " #sum ", r11\n"           \
  "ssat " #sum ", #8, " #sum "\n"                        \
  "strb " #sum ", [r3" place "\n"

/* r0: the table, r9 to r11: multiplier, offset, shift, r12: how often. */
#define FORGE_SUM_FOURS(name, operation, rounded)                                                \
  FORGE_NAKED void name(FORGE_ARGUMENT const forge_sum_job *job,                                 \
                        FORGE_ARGUMENT const int8_t *first, FORGE_ARGUMENT const int8_t *second, \
                        FORGE_ARGUMENT int8_t *output) {                                         \
    __asm__(                                                                                     \
        "push {r4-r11, lr}\n"                                                                    \
        "ldmia r0, {r0, r9-r12}\n"                                                               \
        "1:\n"                                                                                   \
        "ldrsb r4, [r1], #4\n"                                                                   \
        "ldrsb r5, [r1, #-3]\n"                                                                  \
        "ldrsb r6, [r1, #-2]\n"                                                                  \
        "ldrsb r7, [r1, #-1]\n"                                                                  \
        "ldr r4, [r0, r4, lsl #2]\n"                                                             \
        "ldr r5, [r0, r5, lsl #2]\n"                                                             \
        "ldr r6, [r0, r6, lsl #2]\n"                                                             \
        "ldr r7, [r0, r7, lsl #2]\n"                                                             \
        "ldrsb r8, [r2], #4\n"                                                                   \
        "ldrsb lr, [r2, #-3]\n"                                                                  \
        FORGE_SUM_TERM(r4, r8, operation) FORGE_SUM_TERM(r5, lr, operation)                      \
        "ldrsb r8, [r2, #-2]\n"                                                                  \
        "ldrsb lr, [r2, #-1]\n"                                                                  \
        FORGE_SUM_TERM(r6, r8, operation) FORGE_SUM_TERM(r7, lr, operation)                      \
        FORGE_SUM_OUTPUT(r4, rounded, "], #4") FORGE_SUM_OUTPUT(r5, rounded, ", #-3]")           \
        FORGE_SUM_OUTPUT(r6, rounded, ", #-2]") FORGE_SUM_OUTPUT(r7, rounded, ", #-1]")          \
        "subs r12, r12, #1\n"                                                                    \
        "bne 1b\n"                                                                               \
        "pop {r4-r11, pc}\n");                                                                   \
  }

FORGE_SUM_FOURS(forge_sum_fours, add, FORGE_SUM_UP)
FORGE_SUM_FOURS(forge_sum_fours_away, add, FORGE_SUM_AWAY)
FORGE_SUM_FOURS(forge_difference_fours, sub, FORGE_SUM_UP)
FORGE_SUM_FOURS(forge_difference_fours_away, sub, FORGE_SUM_AWAY)

/* The elements but for a last few, fewer than four; returns how many. */
FORGE_INLINE int forge_tabled_sum_fours(const forge_tabled_sum *c, const int8_t *first,
                                        const int8_t *second, int8_t *output) {
  const forge_offsets *o = &c->scaling;
  const forge_sum_job job = {c->table + 128, o->multiplier, o->offset, o->shift, c->size / 4};
  if (job.fours == 0) return 0;
  if (c->negated && o->away) forge_difference_fours_away(&job, first, second, output);
  if (c->negated && !o->away) forge_difference_fours(&job, first, second, output);
  if (!c->negated && o->away) forge_sum_fours_away(&job, first, second, output);
  if (!c->negated && !o->away) forge_sum_fours(&job, first, second, output);
  return job.fours * 4;
}

#endif

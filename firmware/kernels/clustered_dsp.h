/* clustered.h for cores that multiply and add two pairs of int16 at once: Cortex-M4, M7, M33, M55. Four
 * inputs at a time. A weight's four bits are its place in the table, which lies where the stack ends;
 * two weights of a channel then share a word, as the inputs do that they belong to: the first and the
 * third, the second and the fourth. Two pixels share all that.
 *
 * r0: inputs of the first pixel, r1: of the second, NULL where there is none, r2: which, r3: the zero
 * point negated, in each half, r4-r7: sums, r8, r9: weights of the first channel, r10, r11: of the
 * second. On the stack: the table, what the caller has there, and arguments: sums, where which ends. */
#ifndef FORGE_KERNELS_CLUSTERED_DSP_H
#define FORGE_KERNELS_CLUSTERED_DSP_H

#include <stddef.h>

#include "kernels/naked.h"

/* A weight's place to a register, which the weight then takes. */
#define FORGE_CLUSTERED_PLACE(to, bit) "ubfx " to ", lr, #" #bit ", #4\n"
#define FORGE_CLUSTERED_VALUE(of) "ldrsb " of ", [sp, " of "]\n"

/* lr: which, of four inputs; it is needed for the second channel, and gives way to its last weight. */
#define FORGE_CLUSTERED_WEIGHTS                                                            \
  "ldr lr, [r2], #4\n"                                                                     \
  FORGE_CLUSTERED_PLACE("r8", 0)                                                           \
  FORGE_CLUSTERED_PLACE("r9", 8)                                                           \
  FORGE_CLUSTERED_PLACE("r10", 16)                                                         \
  FORGE_CLUSTERED_PLACE("r11", 24)                                                         \
  FORGE_CLUSTERED_VALUE("r8")                                                              \
  FORGE_CLUSTERED_VALUE("r9")                                                              \
  FORGE_CLUSTERED_VALUE("r10")                                                             \
  FORGE_CLUSTERED_VALUE("r11")                                                             \
  "pkhbt r8, r8, r10, lsl #16\n"                                                           \
  "pkhbt r9, r9, r11, lsl #16\n"                                                           \
  FORGE_CLUSTERED_PLACE("r10", 4)                                                          \
  FORGE_CLUSTERED_PLACE("r11", 12)                                                         \
  FORGE_CLUSTERED_PLACE("r12", 20)                                                         \
  "lsr lr, lr, #28\n"                                                                      \
  FORGE_CLUSTERED_VALUE("r10")                                                             \
  FORGE_CLUSTERED_VALUE("r11")                                                             \
  FORGE_CLUSTERED_VALUE("r12")                                                             \
  FORGE_CLUSTERED_VALUE("lr")                                                              \
  "pkhbt r10, r10, r12, lsl #16\n"                                                         \
  "pkhbt r11, r11, lr, lsl #16\n"

/* Four inputs of a pixel. */
#define FORGE_CLUSTERED_PIXEL(inputs, first, second)                                       \
  "ldr r12, [" inputs "], #4\n"                                                            \
  "sxtab16 lr, r3, r12, ror #8\n"                                                          \
  "sxtab16 r12, r3, r12\n"                                                                 \
  "smlad " first ", r12, r8, " first "\n"                                                  \
  "smlad " second ", r12, r10, " second "\n"                                               \
  "smlad " first ", lr, r9, " first "\n"                                                   \
  "smlad " second ", lr, r11, " second "\n"

/* acc: of two pixels. */
FORGE_NAKED void forge_clustered_fours(FORGE_ARGUMENT const int8_t *first,
                                       FORGE_ARGUMENT const int8_t *second,
                                       FORGE_ARGUMENT const uint8_t *which,
                                       FORGE_ARGUMENT const forge_clusters *clusters,
                                       FORGE_ARGUMENT int32_t *acc,
                                       FORGE_ARGUMENT const uint8_t *end) {
  __asm__ volatile(
      "push {r4-r11, lr}\n"
      "ldmia r3, {r8-r12}\n"
      "push {r8-r11}\n"
      "rsb r3, r12, #0\n"
      "ldr r12, [sp, #52]\n"
      "ldmia r12, {r4-r7}\n"
      "pkhbt r3, r3, r3, lsl #16\n"
      "1:\n" FORGE_CLUSTERED_WEIGHTS FORGE_CLUSTERED_PIXEL("r0", "r4", "r5")
      "cbz r1, 2f\n" FORGE_CLUSTERED_PIXEL("r1", "r6", "r7")
      "2:\n"
      "ldr r12, [sp, #56]\n"
      "cmp r2, r12\n"
      "bne 1b\n"
      "ldr r12, [sp, #52]\n"
      "stmia r12, {r4-r7}\n"
      "add sp, #16\n"
      "pop {r4-r11, pc}\n");
}

/* As in clustered.h. */
FORGE_INLINE int forge_dot_clustered_fours(int32_t *acc, const int8_t *x, int step,
                                           const uint8_t *which, const forge_clusters *clusters,
                                           int size) {
  const int fours = size & ~3;
  if (fours > 0) forge_clustered_fours(x, step ? x + step : NULL, which, clusters, acc, which + fours);
  return fours;
}

#endif

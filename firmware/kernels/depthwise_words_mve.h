/* depthwise_words.h in vectors of a Cortex-M55. A firmware has each function at most once, and none that
 * it does not call. */
#ifndef FORGE_KERNELS_DEPTHWISE_WORDS_MVE_H
#define FORGE_KERNELS_DEPTHWISE_WORDS_MVE_H

#include "kernels/naked.h"

/* r4-r7: rows, r8-r10, r12: their steps. Where there are fewer than 16 lanes a column is stored over
 * the next one's place, which is then stored. */
#define FORGE_WORDS_GATHER(name, loads)                                                          \
  FORGE_NAKED void name(FORGE_ARGUMENT const forge_words_source *source,                         \
                        FORGE_ARGUMENT int8_t *tile, FORGE_ARGUMENT int lanes,                   \
                        FORGE_ARGUMENT int columns, FORGE_ARGUMENT int channel) {                \
    __asm__(                                                                                     \
        "push {r4-r10, lr}\n"                                                                    \
        "ldm r0, {r4-r10, r12}\n"                                                                \
        "ldr r0, [sp, #32]\n"                                                                    \
        "vctp.8 r2\n"                                                                            \
        "add r4, r4, r0\n"                                                                       \
        "add r5, r5, r0\n"                                                                       \
        "add r6, r6, r0\n"                                                                       \
        "add r7, r7, r0\n"                                                                       \
        "lsls r2, r2, #2\n"                                                                      \
        "dls lr, r3\n"                                                                           \
        "1:\n"                                                                                   \
        loads                                                                                    \
        "vst40.8 {q0, q1, q2, q3}, [r1]\n"                                                       \
        "vst41.8 {q0, q1, q2, q3}, [r1]\n"                                                       \
        "vst42.8 {q0, q1, q2, q3}, [r1]\n"                                                       \
        "vst43.8 {q0, q1, q2, q3}, [r1]\n"                                                       \
        "adds r1, r1, r2\n"                                                                      \
        "le lr, 1b\n"                                                                            \
        "pop {r4-r10, pc}\n");                                                                   \
  }

FORGE_WORDS_GATHER(forge_words_gather_3,
                   "vpsttt\n"
                   "vldrbt.u8 q0, [r4]\n"
                   "vldrbt.u8 q1, [r5]\n"
                   "vldrbt.u8 q2, [r6]\n"
                   "add r4, r4, r8\n"
                   "add r5, r5, r9\n"
                   "add r6, r6, r10\n")
FORGE_WORDS_GATHER(forge_words_gather_4,
                   "vpstttt\n"
                   "vldrbt.u8 q0, [r4]\n"
                   "vldrbt.u8 q1, [r5]\n"
                   "vldrbt.u8 q2, [r6]\n"
                   "vldrbt.u8 q3, [r7]\n"
                   "add r4, r4, r8\n"
                   "add r5, r5, r9\n"
                   "add r6, r6, r10\n"
                   "add r7, r7, r12\n")

FORGE_INLINE void forge_words_gather(const forge_words_source *source, int8_t *tile, int lanes,
                                     int columns, int channel, int rows) {
  if (rows > 3) forge_words_gather_4(source, tile, lanes, columns, channel);
  if (rows <= 3) forge_words_gather_3(source, tile, lanes, columns, channel);
}

/* q0-q3: four channels' weights, q4: where their words are, q5: one channel's. r4, r6, r8, r10: sums. */
#define FORGE_WORDS_DOTS                                 \
  "vldrw.u32 q5, [q4]\n"                                 \
  "vmladava.s8 r4, q5, q0\n"                             \
  "vldrw.u32 q5, [q4, #4]\n"                             \
  "vmladava.s8 r6, q5, q1\n"                             \
  "vldrw.u32 q5, [q4, #8]\n"                             \
  "vmladava.s8 r8, q5, q2\n"                             \
  "vldrw.u32 q5, [q4, #12]\n"                            \
  "vmladava.s8 r10, q5, q3\n"                            \
  "vadd.i32 q4, q4, r5\n"

/* r0: weights, r1: words, r2: the row; then r2: sums, r5: the tile's step. */
FORGE_NAKED void forge_words_add(FORGE_ARGUMENT const int32_t *weights,
                                 FORGE_ARGUMENT const int8_t *words,
                                 FORGE_ARGUMENT const forge_words_row *row) {
  __asm__(
      "push {r4-r10, lr}\n"
      "vpush {d8-d11}\n"
      "vldrw.u32 q0, [r0]\n"
      "vldrw.u32 q1, [r0, #16]\n"
      "vldrw.u32 q2, [r0, #32]\n"
      "vldrw.u32 q3, [r0, #48]\n"
      "ldrd r3, r5, [r2]\n"
      "ldrd r4, r2, [r2, #16]\n"
      "vldrw.u32 q4, [r4]\n"
      "vadd.i32 q4, q4, r1\n"
      "dls lr, r3\n"
      "1:\n"
      "ldm r2, {r4, r6, r8, r10}\n"
      FORGE_WORDS_DOTS
      "stm r2!, {r4, r6, r8, r10}\n"
      "le lr, 1b\n"
      "vpop {d8-d11}\n"
      "pop {r4-r10, pc}\n");
}

#define FORGE_WORDS_AWAY                                 \
  "vpt.s32 lt, q5, zr\n"                                 \
  "vaddt.i32 q5, q5, r12\n"
#define FORGE_WORDS_UP ""

/* Where sums are: behind the weights the biases of all windows, or in the row those of each. */
#define FORGE_WORDS_ONE ""
#define FORGE_WORDS_BIASES "ldm r0, {r4, r6, r8, r10}\n"
#define FORGE_WORDS_LAST "ldr r3, [r3, #20]\n"
#define FORGE_WORDS_SUMS "ldm r3!, {r4, r6, r8, r10}\n"

/* r0: the stream, r1: words, r2: output, r3: the row, then sums; r5, r7: steps in the tile and the
 * output, r9: zero point, r11: fours, r12: -1. q6: multipliers, q7: shifts. On the stack: from the end of
 * a row of outputs to the next four's. */
#define FORGE_WORDS_FINISH(name, begin, sums, rounded)                                           \
  FORGE_NAKED void name(FORGE_ARGUMENT const int32_t *filters,                                   \
                        FORGE_ARGUMENT const int8_t *words, FORGE_ARGUMENT int8_t *output,       \
                        FORGE_ARGUMENT const forge_words_row *row, FORGE_ARGUMENT int fours) {   \
    __asm__(                                                                                     \
        "ldr r12, [sp]\n"                                                                        \
        "push {r3-r11, lr}\n"                                                                    \
        "vpush {d8-d15}\n"                                                                       \
        "mov r11, r12\n"                                                                         \
        "ldrd r4, r5, [r3]\n"                                                                    \
        "ldrd r7, r9, [r3, #8]\n"                                                                \
        "mul r4, r4, r7\n"                                                                       \
        "subs r4, r4, #4\n"                                                                      \
        "str r4, [sp, #64]\n"                                                                    \
        "mov r12, #-1\n"                                                                         \
        "1:\n"                                                                                   \
        "vldrw.u32 q0, [r0], #16\n"                                                              \
        "vldrw.u32 q1, [r0], #16\n"                                                              \
        "vldrw.u32 q2, [r0], #16\n"                                                              \
        "vldrw.u32 q3, [r0], #16\n"                                                              \
        "vldrw.u32 q6, [r0, #16]\n"                                                              \
        "vldrw.u32 q7, [r0, #32]\n"                                                              \
        "ldr r4, [r3, #16]\n"                                                                    \
        "vldrw.u32 q4, [r4]\n"                                                                   \
        "vadd.i32 q4, q4, r1\n"                                                                  \
        "ldr r4, [r3]\n"                                                                         \
        "dls lr, r4\n"                                                                           \
        begin                                                                                    \
        "2:\n"                                                                                   \
        sums                                                                                     \
        FORGE_WORDS_DOTS                                                                         \
        "vmov q5[2], q5[0], r4, r8\n"                                                            \
        "vmov q5[3], q5[1], r6, r10\n"                                                           \
        "vqrdmulh.s32 q5, q5, q6\n"                                                              \
        rounded                                                                                  \
        "vrshl.s32 q5, q5, q7\n"                                                                 \
        "vqadd.s32 q5, q5, r9\n"                                                                 \
        "vqmovnb.s32 q5, q5\n"                                                                   \
        "vqmovnb.s16 q5, q5\n"                                                                   \
        "vstrb.32 q5, [r2]\n"                                                                    \
        "add r2, r2, r7\n"                                                                       \
        "le lr, 2b\n"                                                                            \
        "ldr r4, [sp, #64]\n"                                                                    \
        "adds r0, r0, #48\n"                                                                     \
        "adds r1, r1, #16\n"                                                                     \
        "subs r2, r2, r4\n"                                                                      \
        "subs r11, r11, #1\n"                                                                    \
        "bne 1b\n"                                                                               \
        "vpop {d8-d15}\n"                                                                        \
        "pop {r3-r11, pc}\n");                                                                   \
  }

FORGE_WORDS_FINISH(forge_words_one, FORGE_WORDS_ONE, FORGE_WORDS_BIASES, FORGE_WORDS_UP)
FORGE_WORDS_FINISH(forge_words_one_away, FORGE_WORDS_ONE, FORGE_WORDS_BIASES, FORGE_WORDS_AWAY)
FORGE_WORDS_FINISH(forge_words_last, FORGE_WORDS_LAST, FORGE_WORDS_SUMS, FORGE_WORDS_UP)
FORGE_WORDS_FINISH(forge_words_last_away, FORGE_WORDS_LAST, FORGE_WORDS_SUMS, FORGE_WORDS_AWAY)

FORGE_INLINE void forge_words_finish(const int32_t *filters, const int8_t *words, int8_t *output,
                                     const forge_words_row *row, int fours, int away) {
  if (row->sums && away) forge_words_last_away(filters, words, output, row, fours);
  if (row->sums && !away) forge_words_last(filters, words, output, row, fours);
  if (!row->sums && away) forge_words_one_away(filters, words, output, row, fours);
  if (!row->sums && !away) forge_words_one(filters, words, output, row, fours);
}

#endif

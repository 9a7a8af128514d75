/* sparse_conv.h's outputs on cores with DSP instructions, as in dense_dsp.h.
 *
 * r0-r7: sums of two pixels each, in 64 bits, r8-r11: inputs, how far behind the next weight lies (r8),
 * a weight (r9), r12: stream, lr: tile. The place of each weight is loaded with the one before: that of
 * the last one with what follows in the stream, which nobody uses. */
#ifndef FORGE_KERNELS_SPARSE_CONV_DSP_H
#define FORGE_KERNELS_SPARSE_CONV_DSP_H

#include "kernels/naked.h"

/* The bias twice in r0, r1; where weights end, and two bytes, on the stack. */
#define FORGE_SPARSE_CONV_BEGIN(unit_bytes) \
  "mov r12, r1\n"                           \
  "1:\n"                                    \
  "ldmia r12!, {r8, r9}\n"                  \
  "add r10, r12, r8, lsl #1\n"              \
  "add r10, r10, #2\n"                      \
  "str r10, [sp, #8]\n"                     \
  "rsb r8, r8, #0\n"                        \
  "and r8, r8, #7\n"                        \
  "mov r10, #" #unit_bytes "\n"             \
  "adr.w r11, 2f\n"                         \
  "mla r10, r8, r10, r11\n"                 \
  "orr r10, r10, #1\n"                      \
  "adds r0, r9, r9, lsl #23\n"              \
  "asr r1, r9, #31\n"                       \
  "adc r1, r1, r9, asr #9\n"                \
  "ldrb r8, [r12], #2\n"                    \
  "ldr lr, [sp]\n"

#define FORGE_SPARSE_CONV_REPEAT \
  "ldr r10, [sp, #8]\n"          \
  "cmp r12, r10\n"               \
  "bne 2b\n"                     \
  "add r12, r12, #1\n"           \
  "bic r12, r12, #3\n"           \
  "ldmia r12!, {r8-r10}\n"

/* Doubled sums of both pixels. */
#define FORGE_SPARSE_CONV_APART(first, second)          \
  "lsrs r11, " first ", #23\n"                          \
  "orr r11, r11, " second ", lsl #9\n"                  \
  "adc " second ", r11, #0\n"                           \
  "lsl " second ", " second ", #1\n"                    \
  "lsl " first ", " first ", #9\n"                      \
  "asr " first ", " first ", #8\n"

#define FORGE_SPARSE_CONV_SUMS_4                          \
  FORGE_SPARSE_CONV_BEGIN(44)                             \
  "mov r2, r0\n"                                          \
  "mov r3, r1\n"                                          \
  "mov r4, r0\n"                                          \
  "mov r5, r1\n"                                          \
  "mov r6, r0\n"                                          \
  "mov r7, r1\n"                                          \
  "bx r10\n"                                              \
  FORGE_DENSE_UNROLLED(8, "add.w lr, lr, r8, lsl #2\n"    \
                          "ldrsb.w r9, [r12, #-1]\n"      \
                          "ldr.w r10, [lr]\n"             \
                          "ldr.w r11, [lr, #4]\n"         \
                          "ldr.w r8, [lr, #8]\n"          \
                          "smlal r0, r1, r10, r9\n"       \
                          "smlal r2, r3, r11, r9\n"       \
                          "smlal r4, r5, r8, r9\n"        \
                          "ldr.w r10, [lr, #12]\n"        \
                          "ldrb r8, [r12], #2\n"          \
                          "smlal r6, r7, r10, r9\n")      \
  FORGE_SPARSE_CONV_REPEAT                                \
  FORGE_SPARSE_CONV_APART("r0", "r1")                     \
  FORGE_SPARSE_CONV_APART("r2", "r3")                     \
  FORGE_SPARSE_CONV_APART("r4", "r5")                     \
  FORGE_SPARSE_CONV_APART("r6", "r7")

#define FORGE_SPARSE_CONV_SUMS_2                          \
  FORGE_SPARSE_CONV_BEGIN(28)                             \
  "mov r2, r0\n"                                          \
  "mov r3, r1\n"                                          \
  "bx r10\n"                                              \
  FORGE_DENSE_UNROLLED(8, "add.w lr, lr, r8, lsl #2\n"    \
                          "ldrsb.w r9, [r12, #-1]\n"      \
                          "ldr.w r10, [lr]\n"             \
                          "ldr.w r11, [lr, #4]\n"         \
                          "ldrb r8, [r12], #2\n"          \
                          "smlal r0, r1, r10, r9\n"       \
                          "smlal r2, r3, r11, r9\n")      \
  FORGE_SPARSE_CONV_REPEAT                                \
  FORGE_SPARSE_CONV_APART("r0", "r1")                     \
  FORGE_SPARSE_CONV_APART("r2", "r3")

#define FORGE_SPARSE_CONV_RECTIFY(sum)    \
  "smmlar " sum ", " sum ", r8, r9\n"     \
  "asr " sum ", " sum ", r10\n"           \
  "ssat " sum ", #8, " sum "\n"

/* As FORGE_DENSE_SCALE. */
#define FORGE_SPARSE_CONV_SCALE(sum)      \
  "smmlar r11, " sum ", r8, r9\n"         \
  "add " sum ", r11, " sum ", asr #31\n"  \
  "asr " sum ", " sum ", r10\n"           \
  "usat " sum ", #8, " sum "\n"

/* Two outputs at r11, which moves on. */
#define FORGE_SPARSE_CONV_STORE(first, second) \
  "strb " first ", [r11]\n"                    \
  "strb " second ", [r11, r10]\n"              \
  "add r11, r11, r10, lsl #1\n"

/* The next channel, unless the stream has ended. r11: where the outputs begin. */
#define FORGE_SPARSE_CONV_END \
  "ldr r11, [sp, #16]\n"      \
  "add r11, r11, #1\n"        \
  "str r11, [sp, #16]\n"      \
  "ldr r10, [sp, #12]\n"      \
  "cmp r12, r10\n"            \
  "bne 1b\n"

#define FORGE_SPARSE_CONV_OUTPUTS \
  "ldr r11, [sp, #16]\n"          \
  "ldr r10, [sp, #20]\n"

#define FORGE_SPARSE_CONV_RECTIFIED_4                                 \
  FORGE_SPARSE_CONV_RECTIFY("r0") FORGE_SPARSE_CONV_RECTIFY("r1")     \
  FORGE_SPARSE_CONV_RECTIFY("r2") FORGE_SPARSE_CONV_RECTIFY("r3")     \
  FORGE_SPARSE_CONV_RECTIFY("r4") FORGE_SPARSE_CONV_RECTIFY("r5")     \
  FORGE_SPARSE_CONV_RECTIFY("r6") FORGE_SPARSE_CONV_RECTIFY("r7")     \
  FORGE_SPARSE_CONV_OUTPUTS                                           \
  FORGE_SPARSE_CONV_STORE("r0", "r2") FORGE_SPARSE_CONV_STORE("r4", "r6") \
  FORGE_SPARSE_CONV_STORE("r1", "r3") FORGE_SPARSE_CONV_STORE("r5", "r7") \
  FORGE_SPARSE_CONV_END

#define FORGE_SPARSE_CONV_RECTIFIED_2                                 \
  FORGE_SPARSE_CONV_RECTIFY("r0") FORGE_SPARSE_CONV_RECTIFY("r1")     \
  FORGE_SPARSE_CONV_RECTIFY("r2") FORGE_SPARSE_CONV_RECTIFY("r3")     \
  FORGE_SPARSE_CONV_OUTPUTS                                           \
  FORGE_SPARSE_CONV_STORE("r0", "r2") FORGE_SPARSE_CONV_STORE("r1", "r3") \
  FORGE_SPARSE_CONV_END

/* Four outputs as bytes of one word, clamped, then stored. r8, r9: what FORGE_DENSE_CLAMP takes. */
#define FORGE_SPARSE_CONV_WORD(one, two, three, four)  \
  "orr " one ", " one ", " two ", lsl #8\n"            \
  "orr " three ", " three ", " four ", lsl #8\n"       \
  "orr " one ", " one ", " three ", lsl #16\n"         \
  "uqadd8 " one ", " one ", r8\n"                      \
  "uqsub8 " one ", " one ", r8\n"                      \
  "uadd8 " one ", " one ", r9\n"                       \
  "lsr " two ", " one ", #8\n"                         \
  FORGE_SPARSE_CONV_STORE(one, two)                    \
  "lsr " one ", " one ", #16\n"                        \
  "lsr " two ", " one ", #8\n"                         \
  FORGE_SPARSE_CONV_STORE(one, two)

#define FORGE_SPARSE_CONV_CLAMPED_4                                   \
  FORGE_SPARSE_CONV_SCALE("r0") FORGE_SPARSE_CONV_SCALE("r1")         \
  FORGE_SPARSE_CONV_SCALE("r2") FORGE_SPARSE_CONV_SCALE("r3")         \
  FORGE_SPARSE_CONV_SCALE("r4") FORGE_SPARSE_CONV_SCALE("r5")         \
  FORGE_SPARSE_CONV_SCALE("r6") FORGE_SPARSE_CONV_SCALE("r7")         \
  "ldrd r8, r9, [sp, #24]\n"                                          \
  FORGE_SPARSE_CONV_OUTPUTS                                           \
  FORGE_SPARSE_CONV_WORD("r0", "r2", "r4", "r6")                      \
  FORGE_SPARSE_CONV_WORD("r1", "r3", "r5", "r7")                      \
  FORGE_SPARSE_CONV_END

#define FORGE_SPARSE_CONV_CLAMPED_2                                   \
  FORGE_SPARSE_CONV_SCALE("r0") FORGE_SPARSE_CONV_SCALE("r1")         \
  FORGE_SPARSE_CONV_SCALE("r2") FORGE_SPARSE_CONV_SCALE("r3")         \
  "ldrd r8, r9, [sp, #24]\n"                                          \
  FORGE_SPARSE_CONV_OUTPUTS                                           \
  FORGE_SPARSE_CONV_WORD("r0", "r2", "r1", "r3")                      \
  FORGE_SPARSE_CONV_END

FORGE_DENSE_FUNCTION(forge_sparse_conv_rectified_4,
                     FORGE_SPARSE_CONV_SUMS_4 FORGE_SPARSE_CONV_RECTIFIED_4)
FORGE_DENSE_FUNCTION(forge_sparse_conv_clamped_4,
                     FORGE_SPARSE_CONV_SUMS_4 FORGE_SPARSE_CONV_CLAMPED_4)
FORGE_DENSE_FUNCTION(forge_sparse_conv_rectified_2,
                     FORGE_SPARSE_CONV_SUMS_2 FORGE_SPARSE_CONV_RECTIFIED_2)
FORGE_DENSE_FUNCTION(forge_sparse_conv_clamped_2,
                     FORGE_SPARSE_CONV_SUMS_2 FORGE_SPARSE_CONV_CLAMPED_2)

/* Four channels of two columns, two words of the tile after two. r12: tile. */
FORGE_NAKED int32_t *forge_sparse_conv_quads(FORGE_ARGUMENT const int8_t *first,
                                             FORGE_ARGUMENT const int8_t *second,
                                             FORGE_ARGUMENT int quads, FORGE_ARGUMENT int words,
                                             FORGE_ARGUMENT int32_t *tile) {
  __asm__ volatile(
      "ldr r12, [sp]\n"
      "cbz r2, 2f\n"
      "push {r4-r8}\n"
      "lsl r3, r3, #2\n"
      "1:\n"
      "ldr r4, [r0], #4\n"
      "ldr r5, [r1], #4\n"
      "sxtb r6, r4\n"
      "sxtb r7, r5\n"
      "add r6, r6, r7, lsl #23\n"
      "sxtb r7, r4, ror #8\n"
      "sxtb r8, r5, ror #8\n"
      "add r7, r7, r8, lsl #23\n"
      "str r6, [r12]\n"
      "str r7, [r12, r3]\n"
      "add r12, r12, r3, lsl #1\n"
      "sxtb r6, r4, ror #16\n"
      "sxtb r7, r5, ror #16\n"
      "add r6, r6, r7, lsl #23\n"
      "asr r7, r4, #24\n"
      "asr r8, r5, #24\n"
      "add r7, r7, r8, lsl #23\n"
      "str r6, [r12]\n"
      "str r7, [r12, r3]\n"
      "add r12, r12, r3, lsl #1\n"
      "subs r2, r2, #1\n"
      "bne 1b\n"
      "pop {r4-r8}\n"
      "2:\n"
      "mov r0, r12\n"
      "bx lr\n");
}

FORGE_INLINE void forge_sparse_conv_outputs(const forge_sparse_conv *c, const int32_t *tile,
                                            int8_t *output) {
  const forge_dense *d = &c->dense;
  const forge_dense_job job =
      forge_dense_job_of(d, tile, tile, 0, d->stream + 1, d->stream[0], output, d->channels);
  if (c->lanes == 4 && d->rectified) forge_sparse_conv_rectified_4(&job);
  else if (c->lanes == 4) forge_sparse_conv_clamped_4(&job);
  else if (d->rectified) forge_sparse_conv_rectified_2(&job);
  else forge_sparse_conv_clamped_2(&job);
}

#endif

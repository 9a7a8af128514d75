/* dense_rows.h's channels on cores with DSP instructions, as in dense_dsp.h.
 *
 * Four channels: r0: inputs, r1: stream, r2-r5: inputs of two quads, r6-r9: weights, r10, r11: sums of
 * two channels, the first's and both's, r12, lr: of two more. Eight: r2, r3: inputs, r4, r5: weights,
 * r6-r12, lr: sums. */
#ifndef FORGE_KERNELS_DENSE_ROWS_DSP_H
#define FORGE_KERNELS_DENSE_ROWS_DSP_H

#define FORGE_DENSE_ROWS_PAIR(even, odd, low, high, first, both) \
  "smlad " both ", " even ", " low ", " both "\n"                \
  "smlad " both ", " odd ", " high ", " both "\n"                \
  "sxtb16 " low ", " low "\n"                                    \
  "sxtb16 " high ", " high "\n"                                  \
  "smlad " first ", " even ", " low ", " first "\n"              \
  "smlad " first ", " odd ", " high ", " first "\n"

#define FORGE_DENSE_ROWS_QUAD(even, odd)                              \
  "ldmia.w r1!, {r6-r9}\n"                                            \
  "sxtb16 " odd ", " even ", ror #8\n"                                \
  "sxtb16 " even ", " even "\n"                                       \
  FORGE_DENSE_ROWS_PAIR(even, odd, "r6", "r7", "r10", "r11")          \
  FORGE_DENSE_ROWS_PAIR(even, odd, "r8", "r9", "r12", "lr")

/* A unit has 32 instructions. */
#define FORGE_DENSE_ROWS_SUMS                           \
  FORGE_DENSE_BEGIN(4, 128)                             \
  "1:\n"                                                \
  "ldmia r1!, {r10-r12, lr}\n"                          \
  "ldr pc, [sp, #4]\n"                                  \
  FORGE_DENSE_UNROLLED(4, "ldr.w r4, [r0, #4]\n"        \
                          "ldr r2, [r0], #8\n"          \
                          FORGE_DENSE_ROWS_QUAD("r2", "r3") \
                          FORGE_DENSE_ROWS_QUAD("r4", "r5")) \
  FORGE_DENSE_REPEAT                                    \
  FORGE_DENSE_APART("r10", "r11")                       \
  FORGE_DENSE_APART("r12", "lr")

/* Outputs of the first two channels, then of the others. */
#define FORGE_DENSE_ROWS_OUTPUTS(scaled)  \
  "ldmia r1!, {r2-r7}\n"                  \
  scaled("r10", "r2", "r3", "r4")         \
  scaled("r11", "r5", "r6", "r7")         \
  "ldmia r1!, {r2-r7}\n"                  \
  scaled("r12", "r2", "r3", "r4")         \
  scaled("lr", "r5", "r6", "r7")          \
  "ldr r9, [sp, #16]\n"

#define FORGE_DENSE_ROWS_RECTIFIED                  \
  FORGE_DENSE_ROWS_OUTPUTS(FORGE_DENSE_RECTIFY)     \
  "strb r10, [r9], #4\n"                            \
  "strb r11, [r9, #-3]\n"                           \
  "strb r12, [r9, #-2]\n"                           \
  "strb lr, [r9, #-1]\n"                            \
  "str r9, [sp, #16]\n"                             \
  FORGE_DENSE_END

#define FORGE_DENSE_ROWS_CLAMPED                    \
  FORGE_DENSE_ROWS_OUTPUTS(FORGE_DENSE_SCALE)       \
  "orr r10, r10, r11, lsl #8\n"                     \
  "orr r12, r12, lr, lsl #8\n"                      \
  "orr r10, r10, r12, lsl #16\n"                    \
  "ldrd r4, r5, [sp, #24]\n"                        \
  FORGE_DENSE_CLAMP("r10")                          \
  "str r10, [r9], #4\n"                             \
  "str r9, [sp, #16]\n"                             \
  FORGE_DENSE_END

FORGE_DENSE_FUNCTION(forge_dense_rows_rectified, FORGE_DENSE_ROWS_SUMS FORGE_DENSE_ROWS_RECTIFIED)
FORGE_DENSE_FUNCTION(forge_dense_rows_clamped, FORGE_DENSE_ROWS_SUMS FORGE_DENSE_ROWS_CLAMPED)

/* Two channels of a quad, whose words lie so far in the stream. */
#define FORGE_DENSE_EIGHT_PAIR(low, high, first, both) \
  "ldr.n r5, [r1, #" high "]\n"                        \
  "ldr.w r4, [r1" low "\n"                             \
  FORGE_DENSE_ROWS_PAIR("r2", "r3", "r4", "r5", first, both)

/* Of four units: a small cache holds them and what follows. */
#define FORGE_DENSE_EIGHT_SUMS                                         \
  FORGE_DENSE_BEGIN(4, 132)                                            \
  "1:\n"                                                               \
  "ldmia r1!, {r6-r12, lr}\n"                                          \
  "ldr pc, [sp, #4]\n"                                                 \
  FORGE_DENSE_UNROLLED(4, "ldr r2, [r0], #4\n"                         \
                          "ldr.n r5, [r1, #12]\n"                      \
                          "ldr.w r4, [r1, #8]\n"                       \
                          "sxtb16 r3, r2, ror #8\n"                    \
                          "sxtb16 r2, r2\n"                            \
                          FORGE_DENSE_ROWS_PAIR("r2", "r3", "r4", "r5", "r8", "r9")  \
                          FORGE_DENSE_EIGHT_PAIR(", #16]", "20", "r10", "r11")       \
                          FORGE_DENSE_EIGHT_PAIR(", #24]", "28", "r12", "lr")        \
                          FORGE_DENSE_EIGHT_PAIR("], #32", "4", "r6", "r7"))         \
  FORGE_DENSE_REPEAT                                                   \
  FORGE_DENSE_APART("r6", "r7")                                        \
  FORGE_DENSE_APART("r8", "r9")                                        \
  FORGE_DENSE_APART("r10", "r11")                                      \
  FORGE_DENSE_APART("r12", "lr")

#define FORGE_DENSE_EIGHT_OUTPUT(scaled, sum) \
  "ldmia r1!, {r2-r4}\n"                      \
  scaled(sum, "r2", "r3", "r4")

#define FORGE_DENSE_EIGHT_OUTPUTS(scaled)   \
  FORGE_DENSE_EIGHT_OUTPUT(scaled, "r6")    \
  FORGE_DENSE_EIGHT_OUTPUT(scaled, "r7")    \
  FORGE_DENSE_EIGHT_OUTPUT(scaled, "r8")    \
  FORGE_DENSE_EIGHT_OUTPUT(scaled, "r9")    \
  FORGE_DENSE_EIGHT_OUTPUT(scaled, "r10")   \
  FORGE_DENSE_EIGHT_OUTPUT(scaled, "r11")   \
  FORGE_DENSE_EIGHT_OUTPUT(scaled, "r12")   \
  FORGE_DENSE_EIGHT_OUTPUT(scaled, "lr")    \
  "ldr r2, [sp, #16]\n"

#define FORGE_DENSE_EIGHT_RECTIFIED                 \
  FORGE_DENSE_EIGHT_OUTPUTS(FORGE_DENSE_RECTIFY)    \
  "strb r6, [r2], #8\n"                             \
  "strb r7, [r2, #-7]\n"                            \
  "strb r8, [r2, #-6]\n"                            \
  "strb r9, [r2, #-5]\n"                            \
  "strb r10, [r2, #-4]\n"                           \
  "strb r11, [r2, #-3]\n"                           \
  "strb r12, [r2, #-2]\n"                           \
  "strb lr, [r2, #-1]\n"                            \
  "str r2, [sp, #16]\n"                             \
  FORGE_DENSE_END

#define FORGE_DENSE_EIGHT_WORD(a, b, c, d) \
  "orr " a ", " a ", " b ", lsl #8\n"      \
  "orr " c ", " c ", " d ", lsl #8\n"      \
  "orr " a ", " a ", " c ", lsl #16\n"     \
  FORGE_DENSE_CLAMP(a)

#define FORGE_DENSE_EIGHT_CLAMPED                        \
  FORGE_DENSE_EIGHT_OUTPUTS(FORGE_DENSE_SCALE)           \
  "ldrd r4, r5, [sp, #24]\n"                             \
  FORGE_DENSE_EIGHT_WORD("r6", "r7", "r8", "r9")         \
  FORGE_DENSE_EIGHT_WORD("r10", "r11", "r12", "lr")      \
  "str r6, [r2], #4\n"                                   \
  "str r10, [r2], #4\n"                                  \
  "str r2, [sp, #16]\n"                                  \
  FORGE_DENSE_END

FORGE_DENSE_FUNCTION(forge_dense_eight_rectified, FORGE_DENSE_EIGHT_SUMS FORGE_DENSE_EIGHT_RECTIFIED)
FORGE_DENSE_FUNCTION(forge_dense_eight_clamped, FORGE_DENSE_EIGHT_SUMS FORGE_DENSE_EIGHT_CLAMPED)

FORGE_INLINE void forge_dense_rows_channels(const forge_dense_rows *c, const int8_t *input,
                                            const int32_t *stream, int times, int8_t *output) {
  const forge_dense *d = &c->dense;
  const int eight = c->together == 8, words = times * forge_dense_rows_step(c);
  const forge_dense_job job =
      forge_dense_job_of(d, input, input + 4 * d->quads, eight ? d->quads : d->quads / 2, stream,
                         words, output, 0);
  if (eight && d->rectified) forge_dense_eight_rectified(&job);
  else if (eight) forge_dense_eight_clamped(&job);
  else if (d->rectified) forge_dense_rows_rectified(&job);
  else forge_dense_rows_clamped(&job);
}

#endif

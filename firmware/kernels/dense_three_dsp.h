/* dense_dsp.h for three pixels at once: a cycle for each product, with loads and all.
 *
 * r0: tile, r1: stream, r2-r6: weights, and inputs of each pixel, r7: where the tile ends, r8, r9: the
 * two channels' sums of the first pixel, r10, r11: of the second, r12, lr: of the third. */
#ifndef FORGE_KERNELS_DENSE_THREE_DSP_H
#define FORGE_KERNELS_DENSE_THREE_DSP_H

#define FORGE_DENSE_BEGIN_3(unit_bytes) \
  FORGE_DENSE_BEGIN(8, unit_bytes)      \
  "1:\n"                                \
  "ldmia r1!, {r8, r9}\n"               \
  "mov r10, r8\n"                       \
  "mov r11, r9\n"                       \
  "mov r12, r8\n"                       \
  "mov lr, r9\n"                        \
  "ldr r7, [sp, #8]\n"                  \
  "ldr pc, [sp, #4]\n"

#define FORGE_DENSE_REPEAT_3 \
  "cmp r0, r7\n"             \
  "bne 2b\n"

#define FORGE_DENSE_MACS_3(weights, first, second, third, one, two, three) \
  "smlad " first ", " one ", " weights ", " first "\n"                     \
  "smlad " second ", " two ", " weights ", " second "\n"                   \
  "smlad " third ", " three ", " weights ", " third "\n"

/* The upper half of a quad, then the lower one, which moves on. */
#define FORGE_DENSE_WORDS_HALF_3                              \
  FORGE_DENSE_MACS_3("r2", "r8", "r10", "r12", "r4", "r5", "r6") \
  FORGE_DENSE_MACS_3("r3", "r9", "r11", "lr", "r4", "r5", "r6")

#define FORGE_DENSE_WORDS_3                              \
  FORGE_DENSE_BEGIN_3(72)                                \
  FORGE_DENSE_UNROLLED(8, "ldr.n r2, [r1, #4]\n"         \
                          "ldr.n r3, [r1, #12]\n"        \
                          "ldr.n r4, [r0, #4]\n"         \
                          "ldr.n r5, [r0, #12]\n"        \
                          "ldr.n r6, [r0, #20]\n"        \
                          FORGE_DENSE_WORDS_HALF_3       \
                          "ldr.n r3, [r1, #8]\n"         \
                          "ldr r2, [r1], #16\n"          \
                          "ldr.n r5, [r0, #8]\n"         \
                          "ldr.n r6, [r0, #16]\n"        \
                          "ldr r4, [r0], #24\n"          \
                          FORGE_DENSE_WORDS_HALF_3)      \
  FORGE_DENSE_REPEAT_3

/* Both channels' sums, then the first's. */
#define FORGE_DENSE_BYTES_HALF_3                              \
  FORGE_DENSE_MACS_3("r2", "r9", "r11", "lr", "r3", "r4", "r5")  \
  "sxtb16 r2, r2\n"                                           \
  FORGE_DENSE_MACS_3("r2", "r8", "r10", "r12", "r3", "r4", "r5")

#define FORGE_DENSE_BYTES_3                              \
  FORGE_DENSE_BEGIN_3(76)                                \
  FORGE_DENSE_UNROLLED(8, "ldr.n r2, [r1, #4]\n"         \
                          "ldr.n r3, [r0, #4]\n"         \
                          "ldr.n r4, [r0, #12]\n"        \
                          "ldr.n r5, [r0, #20]\n"        \
                          FORGE_DENSE_BYTES_HALF_3       \
                          "ldr r2, [r1], #8\n"           \
                          "ldr.n r4, [r0, #8]\n"         \
                          "ldr.n r5, [r0, #16]\n"        \
                          "ldr r3, [r0], #24\n"          \
                          FORGE_DENSE_BYTES_HALF_3)      \
  FORGE_DENSE_REPEAT_3                                   \
  FORGE_DENSE_APART("r8", "r9")                          \
  FORGE_DENSE_APART("r10", "r11")                        \
  FORGE_DENSE_APART("r12", "lr")

/* Outputs, and the next two channels. r2: of the first pixel, r3: from there to the next one. */
#define FORGE_DENSE_OUTPUTS_3(scaled, pack, store) \
  "ldmia r1!, {r2-r7}\n"                           \
  scaled("r8", "r2", "r3", "r4")                   \
  scaled("r10", "r2", "r3", "r4")                  \
  scaled("r12", "r2", "r3", "r4")                  \
  scaled("r9", "r5", "r6", "r7")                   \
  scaled("r11", "r5", "r6", "r7")                  \
  scaled("lr", "r5", "r6", "r7") pack              \
  "ldr r2, [sp, #16]\n"                            \
  "ldr r3, [sp, #20]\n"                            \
  "ldr r0, [sp]\n"                                 \
  "ldr r6, [sp, #12]\n"                            \
  "add r4, r2, r3\n"                               \
  "add r5, r4, r3\n" store                         \
  "str r2, [sp, #16]\n"                            \
  "cmp r1, r6\n"                                   \
  "bne 1b\n"

#define FORGE_DENSE_RECTIFIED_3                      \
  FORGE_DENSE_OUTPUTS_3(FORGE_DENSE_RECTIFY, "",     \
                        "strb r8, [r2], #1\n"        \
                        "strb r9, [r2], #1\n"        \
                        "strb r10, [r4]\n"           \
                        "strb r11, [r4, #1]\n"       \
                        "strb r12, [r5]\n"           \
                        "strb lr, [r5, #1]\n")

#define FORGE_DENSE_CLAMPED_3                                            \
  FORGE_DENSE_OUTPUTS_3(FORGE_DENSE_SCALE,                               \
                        "ldrd r4, r5, [sp, #24]\n"                       \
                        "orr r8, r8, r9, lsl #8\n"                       \
                        "orr r10, r10, r11, lsl #8\n"                    \
                        "orr r8, r8, r10, lsl #16\n"                     \
                        "orr r12, r12, lr, lsl #8\n"                     \
                        FORGE_DENSE_CLAMP("r8")                          \
                        FORGE_DENSE_CLAMP("r12"),                        \
                        "strh r8, [r2], #2\n"                            \
                        "lsr r8, r8, #16\n"                              \
                        "strh r8, [r4]\n"                                \
                        "strh r12, [r5]\n")

FORGE_DENSE_FUNCTION(forge_dense_words_rectified_3, FORGE_DENSE_WORDS_3 FORGE_DENSE_RECTIFIED_3)
FORGE_DENSE_FUNCTION(forge_dense_words_clamped_3, FORGE_DENSE_WORDS_3 FORGE_DENSE_CLAMPED_3)
FORGE_DENSE_FUNCTION(forge_dense_bytes_rectified_3, FORGE_DENSE_BYTES_3 FORGE_DENSE_RECTIFIED_3)
FORGE_DENSE_FUNCTION(forge_dense_bytes_clamped_3, FORGE_DENSE_BYTES_3 FORGE_DENSE_CLAMPED_3)

#endif

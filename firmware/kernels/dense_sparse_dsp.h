/* dense_dsp.h from a sparse stream. The place of each quad is loaded with the weights of the one before:
 * that of the last one with what follows in the stream, which nobody uses.
 *
 * Registers as in dense_dsp.h and dense_three_dsp.h, and: r8 (r6 of three pixels): how far behind the
 * next quad lies, r9 (r7): where in the stream that is. On the stack, in the place of where the tile
 * ends: where those end. */
#ifndef FORGE_KERNELS_DENSE_SPARSE_DSP_H
#define FORGE_KERNELS_DENSE_SPARSE_DSP_H

/* How many quads two channels have in r3; first, both: their biases. behind, at: of the quads. */
#define FORGE_SPARSE_BEGIN(first, both, biases, behind, at, unit_bytes) \
  "1:\n"                                                                \
  "ldmia r1!, {r3, " first ", " both "}\n"                              \
  biases                                                                \
  "mov " at ", r1\n"                                                    \
  "add r4, r1, r3\n"                                                    \
  "add r1, r4, #3\n"                                                    \
  "bic r1, r1, #3\n"                                                    \
  "adds r4, r4, #1\n"                                                   \
  "str r4, [sp, #8]\n"                                                  \
  "rsb r3, r3, #0\n"                                                    \
  "and r3, r3, #7\n"                                                    \
  "movs r5, #" #unit_bytes "\n"                                         \
  "adr.w r4, 2f\n"                                                      \
  "mla r4, r3, r5, r4\n"                                                \
  "orr r4, r4, #1\n"                                                    \
  "ldrb " behind ", [" at "], #1\n"                                     \
  "bx r4\n"

#define FORGE_SPARSE_REPEAT(at) \
  "ldr r2, [sp, #8]\n"          \
  "cmp " at ", r2\n"            \
  "bne 2b\n"

#define FORGE_SPARSE_1                                                  \
  FORGE_SPARSE_BEGIN("r10", "r12", "", "r8", "r9", 42)                  \
  FORGE_DENSE_UNROLLED(8, "add.w r0, r0, r8, lsl #3\n"                  \
                          "ldr.n r7, [r1, #4]\n"                        \
                          "ldr r6, [r1], #8\n"                          \
                          "ldr.n r3, [r0, #4]\n"                        \
                          "ldr.n r2, [r0]\n"                            \
                          "ldrb r8, [r9], #1\n"                         \
                          "smlad r12, r2, r6, r12\n"                    \
                          "smlad r12, r3, r7, r12\n"                    \
                          "sxtb16 r6, r6\n"                             \
                          "sxtb16 r7, r7\n"                             \
                          "smlad r10, r2, r6, r10\n"                    \
                          "smlad r10, r3, r7, r10\n")                   \
  FORGE_SPARSE_REPEAT("r9")                                             \
  FORGE_DENSE_APART("r10", "r12")

#define FORGE_SPARSE_2                                                  \
  FORGE_SPARSE_BEGIN("r10", "r12", "mov r11, r10\nmov lr, r12\n", "r8", "r9", 62) \
  FORGE_DENSE_UNROLLED(8, "add.w r0, r0, r8, lsl #4\n"                  \
                          "ldr.n r7, [r1, #4]\n"                        \
                          "ldr r6, [r1], #8\n"                          \
                          "ldr.n r3, [r0, #4]\n"                        \
                          "ldr.n r4, [r0, #8]\n"                        \
                          "ldr.n r5, [r0, #12]\n"                       \
                          "ldr.n r2, [r0]\n"                            \
                          "ldrb r8, [r9], #1\n"                         \
                          FORGE_DENSE_BYTES_MACS_2("r6", "r7"))         \
  FORGE_SPARSE_REPEAT("r9")                                             \
  FORGE_DENSE_APART("r10", "r12")                                       \
  FORGE_DENSE_APART("r11", "lr")

#define FORGE_SPARSE_3                                                  \
  FORGE_SPARSE_BEGIN("r8", "r9",                                        \
                     "mov r10, r8\nmov r11, r9\nmov r12, r8\nmov lr, r9\n", "r6", "r7", 86) \
  FORGE_DENSE_UNROLLED(8, "add.w r0, r0, r6, lsl #3\n"                  \
                          "add.w r0, r0, r6, lsl #4\n"                  \
                          "ldr.n r2, [r1, #4]\n"                        \
                          "ldr.n r3, [r0, #4]\n"                        \
                          "ldr.n r4, [r0, #12]\n"                       \
                          "ldr.n r5, [r0, #20]\n"                       \
                          FORGE_DENSE_BYTES_HALF_3                      \
                          "ldr r2, [r1], #8\n"                          \
                          "ldr.n r4, [r0, #8]\n"                        \
                          "ldr.n r5, [r0, #16]\n"                       \
                          "ldr.n r3, [r0]\n"                            \
                          "ldrb r6, [r7], #1\n"                         \
                          FORGE_DENSE_BYTES_HALF_3)                     \
  FORGE_SPARSE_REPEAT("r7")                                             \
  FORGE_DENSE_APART("r8", "r9")                                         \
  FORGE_DENSE_APART("r10", "r11")                                       \
  FORGE_DENSE_APART("r12", "lr")

FORGE_DENSE_FUNCTION(forge_sparse_rectified_1, FORGE_SPARSE_1 FORGE_DENSE_RECTIFIED_1)
FORGE_DENSE_FUNCTION(forge_sparse_clamped_1, FORGE_SPARSE_1 FORGE_DENSE_CLAMPED_1)
FORGE_DENSE_FUNCTION(forge_sparse_rectified_2, FORGE_SPARSE_2 FORGE_DENSE_RECTIFIED_2)
FORGE_DENSE_FUNCTION(forge_sparse_clamped_2, FORGE_SPARSE_2 FORGE_DENSE_CLAMPED_2)
FORGE_DENSE_FUNCTION(forge_sparse_rectified_3, FORGE_SPARSE_3 FORGE_DENSE_RECTIFIED_3)
FORGE_DENSE_FUNCTION(forge_sparse_clamped_3, FORGE_SPARSE_3 FORGE_DENSE_CLAMPED_3)

#endif

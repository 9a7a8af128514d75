/* Eight channels of a pixel that is alone, by vectors: 17 instructions for 128 products. For cores with
 * MVE. */
#ifndef FORGE_KERNELS_MATRIX_SINGLE_MVE_H
#define FORGE_KERNELS_MATRIX_SINGLE_MVE_H

#include <stdint.h>

#include "kernels/matrix_entry_mve.h"

/* Eight channels of a pixel, until the stream ends. step: of the stream, for two channels. missing: as in the
 * job of four pixels. */
typedef struct {
  int8_t *output;
  int32_t zero_point;
  int32_t step;
  const int8_t *input;
  const int8_t *end;
  const int8_t *stream;
  int32_t chunks;
  int32_t missing;
} forge_matrix_single_job;

/* r1, r3, r5, r7: the streams of two channels each, r9: the inputs. */
#define FORGE_MATRIX_SINGLE_PAIR(vmladav, stream, one, other) \
  "vldrw.u32 q1, [" stream "], #16\n"                         \
  vmladav ".s8 " one ", q0, q1\n"                             \
  "vldrw.u32 q2, [" stream "], #16\n"                         \
  vmladav ".s8 " other ", q0, q2\n"

#define FORGE_MATRIX_SINGLE_LOAD "vldrb.u8 q0, [r9], #16\n"
#define FORGE_MATRIX_SINGLE_PART "vpst\nvldrbt.u8 q0, [r9], #16\n"

#define FORGE_MATRIX_SINGLE_PRODUCTS(vmladav)                 \
  FORGE_MATRIX_SINGLE_PAIR(vmladav, "r1", "r0", "r2")         \
  FORGE_MATRIX_SINGLE_PAIR(vmladav, "r3", "r4", "r6")         \
  FORGE_MATRIX_SINGLE_PAIR(vmladav, "r5", "r8", "r10")        \
  FORGE_MATRIX_SINGLE_PAIR(vmladav, "r7", "r12", "lr")

/* Channels by turns are in q0 and q1. q6: from the first parameters to those of every second channel. */
#define FORGE_MATRIX_SINGLE_OUTPUTS        \
  "vmov q0[2], q0[0], r0, r8\n"            \
  "vmov q0[3], q0[1], r4, r12\n"           \
  "vmov q1[2], q1[0], r2, r10\n"           \
  "vmov q1[3], q1[1], r6, lr\n"            \
  "vadd.i32 q2, q6, r1\n"                  \
  "vldrw.u32 q3, [q2]\n"                   \
  "vldrw.u32 q4, [q2, #4]\n"               \
  "vadd.i32 q0, q0, q3\n"                  \
  "vadd.i32 q1, q1, q4\n"                  \
  "vldrw.u32 q3, [q2, #8]\n"               \
  "vldrw.u32 q4, [q2, #12]\n"              \
  "vqrdmulh.s32 q3, q0, q3\n"              \
  "vqrdmulh.s32 q4, q1, q4\n"              \
  "vshr.s32 q0, q0, #31\n"                 \
  "vshr.s32 q1, q1, #31\n"                 \
  "vadd.i32 q0, q0, q3\n"                  \
  "vadd.i32 q1, q1, q4\n"                  \
  "vldrw.u32 q3, [q2, #16]\n"              \
  "vldrw.u32 q4, [q2, #20]\n"              \
  "vrshl.s32 q0, q0, q3\n"                 \
  "vrshl.s32 q1, q1, q4\n"                 \
  "ldrd r0, r2, [sp]\n"                    \
  "vqmovnb.s32 q0, q0\n"                   \
  "vqmovnt.s32 q0, q1\n"                   \
  "vqadd.s16 q0, q0, r2\n"                 \
  "vqmovnb.s16 q0, q0\n"                   \
  "vstrb.16 q0, [r0], #8\n"                \
  "str.w r0, [sp]\n"

/* On the stack: the job's first five words, and where chunks are entered. */
#define FORGE_MATRIX_SINGLE_FUNCTION(name, prepare, first)                           \
  FORGE_MATRIX_FUNCTION name(FORGE_ARGUMENT const forge_matrix_single_job *job) {    \
    __asm__(                                                                         \
        "push {r4-r11, lr}\n"                                                        \
        "vpush {d8-d13}\n"                                                           \
        "ldmia.w r0, {r4-r8}\n"                                                      \
        "ldrd r1, r12, [r0, #20]\n"                                                  \
        "ldr.w r11, [r0, #28]\n" prepare                                             \
        "mov r9, r7\n"                                                               \
        "add.w r11, r9, r12, lsl #4\n"                                               \
        "mov r2, r6\n"                                                               \
        "push {r4-r8, r9}\n"                                                         \
        FORGE_MATRIX_ENTRY(4, 68)                                                    \
        "str.w r10, [sp, #20]\n"                                                     \
        "movs r3, #0\n"                                                              \
        "lsls r4, r2, #1\n"                                                          \
        "adds r5, r4, r2\n"                                                          \
        "vmov q6[2], q6[0], r3, r4\n"                                                \
        "vmov q6[3], q6[1], r2, r5\n"                                                \
        "1:\n"                                                                       \
        "ldrd r5, r9, [sp, #8]\n"                                                    \
        "add.w r3, r1, r5\n"                                                         \
        "add.w r7, r3, r5, lsl #1\n"                                                 \
        "add.w r5, r5, r3\n" first                                                   \
        FORGE_MATRIX_SINGLE_PRODUCTS("vmladav")                                      \
        "ldr.w pc, [sp, #20]\n"                                                      \
        "2:\n"                                                                       \
        ".rept 4\n" FORGE_MATRIX_SINGLE_LOAD                                         \
        FORGE_MATRIX_SINGLE_PRODUCTS("vmladava") ".endr\n"                           \
        "cmp.w r9, r11\n"                                                            \
        "bne.w 2b\n"                                                                 \
        "3:\n"                                                                       \
        FORGE_MATRIX_SINGLE_OUTPUTS                                                  \
        "ldr.w r2, [sp, #16]\n"                                                      \
        "add.w r1, r7, #24\n"                                                        \
        "cmp.w r1, r2\n"                                                             \
        "bne.w 1b\n"                                                                 \
        "add sp, #24\n"                                                              \
        "vpop {d8-d13}\n"                                                            \
        "pop {r4-r11, pc}\n");                                                       \
  }

FORGE_MATRIX_SINGLE_FUNCTION(forge_matrix_single, "", FORGE_MATRIX_SINGLE_LOAD)
FORGE_MATRIX_SINGLE_FUNCTION(forge_matrix_single_part,
                             FORGE_MATRIX_MISSING("r11") "sub.w r7, r7, r11\n",
                             FORGE_MATRIX_SINGLE_PART)

#endif

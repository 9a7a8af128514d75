/* Two channels of four pixels, by vectors: 14 instructions for 128 products. For cores with MVE. */
#ifndef FORGE_KERNELS_MATRIX_QUAD_MVE_H
#define FORGE_KERNELS_MATRIX_QUAD_MVE_H

#include <stdint.h>

#include "kernels/matrix_entry_mve.h"

/* Two channels at a time, until the stream ends, of so many times four pixels: the first thirteen
 * members are in the order of registers. Of less than four pixels the last one, whose number is `last`,
 * is there several times. inputs_step, output_step: to the next four pixels. places: 2^16 + 1 times the
 * number of all channels; other: 2^16 times what is from the one channel's output to the other's.
 * missing: bytes of the first chunk that are no inputs, of `part` alone. */
typedef struct {
  int8_t *output;
  const int8_t *first;
  const int8_t *end;
  const int8_t *second;
  int32_t two;
  const int8_t *third;
  int32_t zero_point;
  const int8_t *fourth;
  const int8_t *stream;
  int32_t quads, inputs_step, output_step;
  int32_t chunks;
  int32_t places, other;
  int32_t last;
  int32_t missing;
} forge_matrix_quad_job;

/* r1, r3, r5, r7: the pixels' inputs, r9: the stream. Sums of the first channel in r0, r2, r4, r6, of
 * the second in r8, r10, r12, lr. */
#define FORGE_MATRIX_QUAD_CHUNK(vmladav)   \
  "vldrw.u32 q4, [r9], #16\n"              \
  "vldrb.u8 q0, [r1], #16\n"               \
  vmladav ".s8 r0, q0, q4\n"               \
  "vldrb.u8 q1, [r3], #16\n"               \
  vmladav ".s8 r2, q1, q4\n"               \
  "vldrb.u8 q2, [r5], #16\n"               \
  vmladav ".s8 r4, q2, q4\n"               \
  "vldrb.u8 q3, [r7], #16\n"               \
  vmladav ".s8 r6, q3, q4\n"               \
  "vldrw.u32 q5, [r9], #16\n"              \
  vmladav ".s8 r8, q0, q5\n"               \
  vmladav ".s8 r10, q1, q5\n"              \
  vmladav ".s8 r12, q2, q5\n"              \
  vmladav ".s8 lr, q3, q5\n"

/* A first chunk, and one that has less than 16 inputs. */
#define FORGE_MATRIX_QUAD_FIRST FORGE_MATRIX_QUAD_CHUNK("vmladav")
#define FORGE_MATRIX_QUAD_PART             \
  "vldrw.u32 q4, [r9], #16\n"              \
  "vpstttt\n"                              \
  "vldrbt.u8 q0, [r1], #16\n"              \
  "vldrbt.u8 q1, [r3], #16\n"              \
  "vldrbt.u8 q2, [r5], #16\n"              \
  "vldrbt.u8 q3, [r7], #16\n"              \
  "vldrw.u32 q5, [r9], #16\n"              \
  "vmladav.s8 r0, q0, q4\n"                \
  "vmladav.s8 r2, q1, q4\n"                \
  "vmladav.s8 r4, q2, q4\n"                \
  "vmladav.s8 r6, q3, q4\n"                \
  "vmladav.s8 r8, q0, q5\n"                \
  "vmladav.s8 r10, q1, q5\n"               \
  "vmladav.s8 r12, q2, q5\n"               \
  "vmladav.s8 lr, q3, q5\n"

/* Outputs of the sums, by the parameters that follow in the stream. In the stack's first eight words,
 * and then in r0 to r7: the output, the inputs in turns with the stream's end, 2, the zero point.
 * places: where the outputs lie, then where the next ones do. */
#define FORGE_MATRIX_QUAD_OUTPUTS(places)    \
  "vmov q0[2], q0[0], r0, r4\n"              \
  "vmov q0[3], q0[1], r2, r6\n"              \
  "vmov q1[2], q1[0], r8, r12\n"             \
  "vmov q1[3], q1[1], r10, lr\n"             \
  "ldmia.w r9!, {r0, r2, r4, r6, r8, r10}\n" \
  "vadd.i32 q0, q0, r0\n"                    \
  "vadd.i32 q1, q1, r2\n"                    \
  "vshr.s32 q2, q0, #31\n"                   \
  "vshr.s32 q3, q1, #31\n"                   \
  "vqrdmlah.s32 q2, q0, r4\n"                \
  "vqrdmlah.s32 q3, q1, r6\n"                \
  "vrshl.s32 q2, r8\n"                       \
  "vrshl.s32 q3, r10\n"                      \
  "ldmia.w sp, {r0-r7}\n"                    \
  "vqmovnb.s32 q2, q2\n"                     \
  "vqmovnt.s32 q2, q3\n"                     \
  "vqadd.s16 q2, q2, r6\n"                   \
  "vqmovnb.s16 q2, q2\n"                     \
  "vstrb.16 q2, [r0, " places "]\n"           \
  "vadd.i16 " places ", " places ", r4\n"

/* Where two channels' outputs of four pixels lie, in 16 bits each. The others are as in the job. r12
 * and q0 are lost. */
#define FORGE_MATRIX_PLACES(to, places, other, last)    \
  "mov.w r12, #0\n"                                     \
  "vidup.u32 " to ", r12, #1\n"                         \
  "vdup.32 q0, " last "\n"                              \
  "vmin.u32 " to ", " to ", q0\n"                       \
  "vmul.i32 " to ", " to ", " places "\n"               \
  "vadd.i32 " to ", " to ", " other "\n"

/* q7: of the four pixels' first outputs what q6 is of the next. On the stack behind the eight words:
 * where chunks are entered; the stream, how many fours are left, how far the next one's inputs and
 * outputs are. */
#define FORGE_MATRIX_QUAD_FUNCTION(name, prepare, first)                          \
  FORGE_MATRIX_FUNCTION name(FORGE_ARGUMENT const forge_matrix_quad_job *job) {   \
    __asm__(                                                                      \
        "push {r4-r11, lr}\n"                                                     \
        "vpush {d8-d15}\n"                                                        \
        "mov lr, r0\n"                                                            \
        "ldmia.w lr, {r0-r12}\n" prepare                                          \
        "push {r8-r11}\n"                                                         \
        "mov r9, r8\n"                                                            \
        "add.w r11, r1, r12, lsl #4\n"                                            \
        FORGE_MATRIX_ENTRY(8, 56)                                                 \
        "push {r10}\n"                                                            \
        "push {r0-r7}\n"                                                          \
        "ldrd r0, r2, [lr, #52]\n"                                                \
        "ldr.w r4, [lr, #60]\n"                                                   \
        FORGE_MATRIX_PLACES("q7", "r0", "r2", "r4")                               \
        "vmov q6, q7\n"                                                           \
        "1:\n" first                                                              \
        "ldr.w pc, [sp, #32]\n"                                                   \
        "2:\n"                                                                    \
        ".rept 8\n" FORGE_MATRIX_QUAD_CHUNK("vmladava") ".endr\n"                 \
        "cmp.w r1, r11\n"                                                         \
        "bne.w 2b\n"                                                              \
        "3:\n"                                                                    \
        FORGE_MATRIX_QUAD_OUTPUTS("q6")                                           \
        "cmp.w r9, r2\n"                                                          \
        "bne.w 1b\n"                                                              \
        "add.w r8, sp, #36\n"                                                     \
        "ldmia.w r8, {r9, r10, r12, lr}\n"                                        \
        "subs.w r10, r10, #1\n"                                                   \
        "beq 5f\n"                                                                \
        "str.w r10, [sp, #40]\n"                                                  \
        "add.w r0, r0, lr\n"                                                      \
        "add.w r1, r1, r12\n"                                                     \
        "add.w r3, r3, r12\n"                                                     \
        "add.w r5, r5, r12\n"                                                     \
        "add.w r7, r7, r12\n"                                                     \
        "add.w r11, r11, r12\n"                                                   \
        "vmov q6, q7\n"                                                           \
        "stmia.w sp, {r0-r7}\n"                                                   \
        "b.w 1b\n"                                                                \
        "5:\n"                                                                    \
        "add sp, #52\n"                                                           \
        "vpop {d8-d15}\n"                                                         \
        "pop {r4-r11, pc}\n");                                                    \
  }

#define FORGE_MATRIX_QUAD_MISSING  \
  "ldr.w r4, [lr, #64]\n"          \
  FORGE_MATRIX_MISSING("r4")       \
  "sub.w r1, r1, r4\n"             \
  "sub.w r3, r3, r4\n"             \
  "sub.w r5, r5, r4\n"             \
  "sub.w r7, r7, r4\n"             \
  "movs r4, #2\n"

FORGE_MATRIX_QUAD_FUNCTION(forge_matrix_quad, "", FORGE_MATRIX_QUAD_FIRST)
FORGE_MATRIX_QUAD_FUNCTION(forge_matrix_quad_part, FORGE_MATRIX_QUAD_MISSING,
                           FORGE_MATRIX_QUAD_PART)

#endif

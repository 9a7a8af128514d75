/* matrix_3x3.h for cores with MVE: 36 instructions for 384 products. A firmware has one function for
 * each number of channels that it needs. */
#ifndef FORGE_KERNELS_MATRIX_3X3_MVE_H
#define FORGE_KERNELS_MATRIX_3X3_MVE_H

#include "kernels/matrix_conv.h"

/* In the order of registers. rows: where the first window's begin. channels: of outputs. */
typedef struct {
  int8_t *output;
  const int8_t *upper;
  const int8_t *end;
  const int8_t *middle;
  int32_t two;
  const int8_t *lower;
  int32_t zero_point;
  int32_t channels;
  const int8_t *stream;
  int32_t quads;
} forge_matrix_3x3_job;

/* Two channels of four windows: one of their columns each, by weights in two registers. */
#define FORGE_MATRIX_3X3_COLUMN(vmladav, a, b, c, d, one, other) \
  "vldrw.u32 " one ", [r9], #16\n"                               \
  vmladav ".s8 r0, " a ", " one "\n"                             \
  vmladav ".s8 r2, " b ", " one "\n"                             \
  vmladav ".s8 r4, " c ", " one "\n"                             \
  "vldrw.u32 " other ", [r9], #16\n"                             \
  vmladav ".s8 r6, " d ", " one "\n"                             \
  vmladav ".s8 r8, " a ", " other "\n"                           \
  vmladav ".s8 r10, " b ", " other "\n"                          \
  vmladav ".s8 r12, " c ", " other "\n"                          \
  vmladav ".s8 lr, " d ", " other "\n"

/* Of a row, 16 channels from one on. */
#define FORGE_MATRIX_3X3_CHUNK(vmladav, row, channels, at)                        \
  "vldrw.u32 q0, [" row ", #" at "]\n"                                            \
  "vldrw.u32 q1, [" row ", #" at "+" channels "]\n"                               \
  "vldrw.u32 q2, [" row ", #" at "+2*" channels "]\n"                             \
  "vldrw.u32 q3, [" row ", #" at "+3*" channels "]\n"                             \
  FORGE_MATRIX_3X3_COLUMN(vmladav, "q0", "q1", "q2", "q3", "q5", "q6")            \
  "vldrw.u32 q4, [" row ", #" at "+4*" channels "]\n"                             \
  FORGE_MATRIX_3X3_COLUMN("vmladava", "q1", "q2", "q3", "q4", "q0", "q6")         \
  "vldrw.u32 q5, [" row ", #" at "+5*" channels "]\n"                             \
  FORGE_MATRIX_3X3_COLUMN("vmladava", "q2", "q3", "q4", "q5", "q0", "q1")

/* The channels behind the first 16. */
#define FORGE_MATRIX_3X3_MORE_16(row)
#define FORGE_MATRIX_3X3_MORE_32(row) FORGE_MATRIX_3X3_CHUNK("vmladava", row, "32", "16")
#define FORGE_MATRIX_3X3_MORE_48(row)                  \
  FORGE_MATRIX_3X3_CHUNK("vmladava", row, "48", "16")  \
  FORGE_MATRIX_3X3_CHUNK("vmladava", row, "48", "32")
#define FORGE_MATRIX_3X3_MORE_64(row)                  \
  FORGE_MATRIX_3X3_CHUNK("vmladava", row, "64", "16")  \
  FORGE_MATRIX_3X3_CHUNK("vmladava", row, "64", "32")  \
  FORGE_MATRIX_3X3_CHUNK("vmladava", row, "64", "48")

#define FORGE_MATRIX_3X3_ROW(vmladav, row, channels)         \
  FORGE_MATRIX_3X3_CHUNK(vmladav, row, #channels, "0")       \
  FORGE_MATRIX_3X3_MORE_##channels(row)

/* The upper row lies in r1, the middle one in r3, the lower one in r5. On the stack behind the eight
 * words: the stream, how many fours are left, how far the next one's outputs are. */
#define FORGE_MATRIX_3X3_FUNCTION(channels)                                                        \
  FORGE_MATRIX_FUNCTION forge_matrix_3x3_##channels(                                              \
      FORGE_ARGUMENT const forge_matrix_3x3_job *job) {                                           \
    __asm__(                                                                                      \
        "push {r4-r11, lr}\n"                                                                     \
        "vpush {d8-d15}\n"                                                                        \
        "ldmia.w r0, {r0-r9}\n"                                                                   \
        "lsl.w r10, r7, #2\n"                                                                     \
        "push {r8-r10}\n"                                                                         \
        "push {r0-r7}\n"                                                                          \
        "mov r9, r8\n"                                                                            \
        "orr.w r7, r7, r7, lsl #16\n"                                                             \
        "mov.w r10, #0x10000\n"                                                                   \
        "movs r0, #3\n"                                                                           \
        FORGE_MATRIX_PLACES("q7", "r7", "r10", "r0")                                              \
        "1:\n"                                                                                    \
        FORGE_MATRIX_3X3_ROW("vmladav", "r1", channels)                                           \
        FORGE_MATRIX_3X3_ROW("vmladava", "r3", channels)                                          \
        FORGE_MATRIX_3X3_ROW("vmladava", "r5", channels)                                          \
        FORGE_MATRIX_QUAD_OUTPUTS("q7")                                                           \
        "cmp.w r9, r2\n"                                                                          \
        "bne.w 1b\n"                                                                              \
        "add.w r8, sp, #32\n"                                                                     \
        "ldmia.w r8, {r9, r10, r12}\n"                                                            \
        "subs.w r10, r10, #1\n"                                                                   \
        "str.w r10, [sp, #36]\n"                                                                  \
        "add.w r0, r0, r12\n"                                                                     \
        "add.w r1, r1, #4*" #channels "\n"                                                        \
        "add.w r3, r3, #4*" #channels "\n"                                                        \
        "add.w r5, r5, #4*" #channels "\n"                                                        \
        "vsub.i16 q7, q7, r7\n"                                                                   \
        "stmia.w sp, {r0-r7}\n"                                                                   \
        "bne.w 1b\n"                                                                              \
        "add sp, #44\n"                                                                           \
        "vpop {d8-d15}\n"                                                                         \
        "pop {r4-r11, pc}\n");                                                                    \
  }

FORGE_MATRIX_3X3_FUNCTION(16)
FORGE_MATRIX_3X3_FUNCTION(32)
FORGE_MATRIX_3X3_FUNCTION(48)
FORGE_MATRIX_3X3_FUNCTION(64)

/* As matrix_3x3.h has it. */
FORGE_INLINE void forge_matrix_3x3_quads(const forge_matrix_conv *c, const int8_t *const rows[3],
                                         int quads, int8_t *output) {
  const forge_matrix *m = &c->matrix;
  const int8_t *const stream = (const int8_t *)m->stream;
  const forge_matrix_3x3_job job = {
      .output = output,
      .upper = rows[0],
      .end = stream + m->channels / 2 * forge_matrix_step(m),
      .middle = rows[1],
      .two = 2,
      .lower = rows[2],
      .zero_point = m->output_zero_point,
      .channels = m->channels,
      .stream = stream,
      .quads = quads,
  };
  switch (c->input_channels) {
    case 16: forge_matrix_3x3_16(&job); break;
    case 32: forge_matrix_3x3_32(&job); break;
    case 48: forge_matrix_3x3_48(&job); break;
    default: forge_matrix_3x3_64(&job); break;
  }
  forge_matrix_clamp(m, FORGE_MATRIX_CONV_PIXELS * quads, output);
}

#endif

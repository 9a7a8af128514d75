/* matrix.h for cores with MVE: Cortex-M55.
 *
 * VMLADAVA adds 16 products to a sum in an even register. There are eight of those, so that eight sums
 * share the loads: two channels of four pixels, 14 instructions for 128 products; or, of a pixel that
 * is alone, eight channels. Chunks run unrolled, entered at the first that is needed. A firmware has
 * each function at most once, and none that it does not call. */
#ifndef FORGE_KERNELS_MATRIX_MVE_H
#define FORGE_KERNELS_MATRIX_MVE_H

#include "kernels/bytes_mve.h"
#include "kernels/naked.h"
#include "kernels/requantize_mve.h"

/* Two channels at a time, until the stream ends, of so many times four pixels, whose inputs lie pitch
 * bytes apart and whose outputs as many as channels. second: 2^16 times what is from the one channel's
 * output to the other's. */
typedef struct {
  int8_t *output;
  const int8_t *inputs;
  const int8_t *end;
  int32_t pitch;
  int32_t chunks;
  int32_t zero_point;
  const int8_t *stream;
  int32_t channels;
  int32_t second;
  int32_t quads;
} forge_matrix_quad_job;

/* Eight channels of a pixel, until the stream ends. step: of the stream, for two channels. */
typedef struct {
  int8_t *output;
  int32_t zero_point;
  int32_t step;
  const int8_t *input;
  const int8_t *end;
  const int8_t *stream;
  int32_t chunks;
} forge_matrix_single_job;

/* Aligned for what reckons with addresses of its own code. */
#define FORGE_MATRIX_FUNCTION FORGE_NAKED __attribute__((aligned(4))) void

/* r10: where the unrolled code at 2 is entered that has one chunk less than r12 times, or 3 where that
 * is none. It has `times` chunks, a power of two, of `bytes` each. */
#define FORGE_MATRIX_ENTRY(times, bytes)   \
  "adr.w r10, 3f\n"                        \
  "subs.w r12, r12, #1\n"                  \
  "beq 4f\n"                               \
  "adr.w r10, 2f\n"                        \
  "rsb.w r12, r12, #0\n"                   \
  "and r12, r12, #" #times " - 1\n"        \
  "mov.w r8, #" #bytes "\n"                \
  "mla r10, r12, r8, r10\n"                \
  "4:\n"                                   \
  "orr r10, r10, #1\n"

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

/* Where two channels' outputs of four pixels lie, in 16 bits each. channels: of all outputs, which is
 * changed. second: 2^16 times what is from the one to the other. r12 is lost. */
#define FORGE_MATRIX_PLACES(places, channels, second)         \
  "mov.w r12, #0\n"                                           \
  "vidup.u32 " places ", r12, #1\n"                           \
  "orr.w " channels ", " channels ", " channels ", lsl #16\n" \
  "vmul.i32 " places ", " places ", " channels "\n"           \
  "vadd.i32 " places ", " places ", " second "\n"

/* q7: of the four pixels' first outputs what q6 is of the next. On the stack behind the eight words:
 * where chunks are entered; the stream, how many fours are left, how far the next one's inputs and
 * outputs are. */
FORGE_MATRIX_FUNCTION forge_matrix_quad(FORGE_ARGUMENT const forge_matrix_quad_job *job) {
  __asm__(
      "push {r4-r11, lr}\n"
      "vpush {d8-d15}\n"
      "ldmia.w r0, {r0-r9}\n"
      "lsl.w r10, r3, #2\n"
      "lsl.w r11, r7, #2\n"
      "push {r6, r9, r10, r11}\n"
      "mov r9, r6\n"
      "add.w r11, r1, r4, lsl #4\n"
      FORGE_MATRIX_PLACES("q7", "r7", "r8")
      "vmov q6, q7\n"
      "mov r12, r4\n"
      "movs r4, #2\n"
      "mov r6, r5\n"
      "add.w r5, r1, r3, lsl #1\n"
      "add.w r7, r5, r3\n"
      "add.w r3, r3, r1\n"
      FORGE_MATRIX_ENTRY(8, 56)
      "push {r10}\n"
      "push {r0-r7}\n"
      "1:\n"
      FORGE_MATRIX_QUAD_CHUNK("vmladav")
      "ldr.w pc, [sp, #32]\n"
      "2:\n"
      ".rept 8\n"
      FORGE_MATRIX_QUAD_CHUNK("vmladava")
      ".endr\n"
      "cmp.w r1, r11\n"
      "bne.w 2b\n"
      "3:\n"
      FORGE_MATRIX_QUAD_OUTPUTS("q6")
      "cmp.w r9, r2\n"
      "bne.w 1b\n"
      "add.w r8, sp, #36\n"
      "ldmia.w r8, {r9, r10, r12, lr}\n"
      "subs.w r10, r10, #1\n"
      "str.w r10, [sp, #40]\n"
      "add.w r0, r0, lr\n"
      "add.w r1, r1, r12\n"
      "add.w r3, r3, r12\n"
      "add.w r5, r5, r12\n"
      "add.w r7, r7, r12\n"
      "add.w r11, r11, r12\n"
      "vmov q6, q7\n"
      "stmia.w sp, {r0-r7}\n"
      "bne.w 1b\n"
      "add sp, #52\n"
      "vpop {d8-d15}\n"
      "pop {r4-r11, pc}\n");
}

/* r1, r3, r5, r7: the streams of two channels each, r9: the inputs. */
#define FORGE_MATRIX_SINGLE_PAIR(vmladav, stream, one, other) \
  "vldrw.u32 q1, [" stream "], #16\n"                         \
  vmladav ".s8 " one ", q0, q1\n"                             \
  "vldrw.u32 q2, [" stream "], #16\n"                         \
  vmladav ".s8 " other ", q0, q2\n"

#define FORGE_MATRIX_SINGLE_CHUNK(vmladav)                    \
  "vldrb.u8 q0, [r9], #16\n"                                  \
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
FORGE_MATRIX_FUNCTION forge_matrix_single(FORGE_ARGUMENT const forge_matrix_single_job *job) {
  __asm__(
      "push {r4-r11, lr}\n"
      "vpush {d8-d13}\n"
      "ldrd r1, r12, [r0, #20]\n"
      "ldrd r2, r9, [r0, #8]\n"
      "add.w r11, r9, r12, lsl #4\n"
      FORGE_MATRIX_ENTRY(4, 68)
      "push {r10}\n"
      "ldmia.w r0, {r4-r8}\n"
      "push {r4-r8}\n"
      "movs r3, #0\n"
      "lsls r4, r2, #1\n"
      "adds r5, r4, r2\n"
      "vmov q6[2], q6[0], r3, r4\n"
      "vmov q6[3], q6[1], r2, r5\n"
      "1:\n"
      "ldrd r5, r9, [sp, #8]\n"
      "add.w r3, r1, r5\n"
      "add.w r7, r3, r5, lsl #1\n"
      "add.w r5, r5, r3\n"
      FORGE_MATRIX_SINGLE_CHUNK("vmladav")
      "ldr.w pc, [sp, #20]\n"
      "2:\n"
      ".rept 4\n"
      FORGE_MATRIX_SINGLE_CHUNK("vmladava")
      ".endr\n"
      "cmp.w r9, r11\n"
      "bne.w 2b\n"
      "3:\n"
      FORGE_MATRIX_SINGLE_OUTPUTS
      "ldr.w r2, [sp, #16]\n"
      "add.w r1, r7, #24\n"
      "cmp.w r1, r2\n"
      "bne.w 1b\n"
      "add sp, #24\n"
      "vpop {d8-d13}\n"
      "pop {r4-r11, pc}\n");
}

/* So many times four pixels, from a pair of channels on. step: of outputs, 0 where the four are one. */
FORGE_INLINE void forge_matrix_quads(const forge_matrix *m, const int8_t *inputs, int pitch,
                                     int quads, int pair, int step, int8_t *output) {
  const int8_t *const stream = (const int8_t *)m->stream;
  const int pairs = m->channels / 2, bytes = forge_matrix_step(m);
  forge_matrix_quad_job job = {
      .output = output + 2 * pair,
      .inputs = inputs,
      .end = stream + pairs * bytes,
      .pitch = pitch,
      .chunks = m->chunks,
      .zero_point = m->output_zero_point,
      .stream = stream + pair * bytes,
      .channels = step,
      .second = 1 << 16,
      .quads = quads,
  };
  if (pair < pairs) forge_matrix_quad(&job);
  if (m->channels % 2) {
    job.output = output + 2 * pairs;
    job.stream = job.end;
    job.end += bytes;
    job.second = 0;
    forge_matrix_quad(&job);
  }
}

/* One pixel: eight channels at a time, then what is left of them. */
FORGE_INLINE void forge_matrix_pixel(const forge_matrix *m, const int8_t *input, int8_t *output) {
  const int step = forge_matrix_step(m), groups = m->channels / 8;
  const int8_t *stream = (const int8_t *)m->stream;
  if (groups) {
    const forge_matrix_single_job job = {
        output, m->output_zero_point, step, input, stream + groups * 4 * step, stream, m->chunks,
    };
    forge_matrix_single(&job);
  }
  if (m->channels % 8) forge_matrix_quads(m, input, 0, 1, 4 * groups, 0, output);
}

/* As matrix.h has it, before outputs are clamped. */
FORGE_SHARED void forge_matrix_sums(const forge_matrix *m, const int8_t *inputs, int pitch,
                                    int pixels, int8_t *output) {
  const int quads = pixels / 4, step = m->channels;
  if (quads) forge_matrix_quads(m, inputs, pitch, quads, 0, step, output);
  for (int pixel = 4 * quads; pixel < pixels; ++pixel) {
    forge_matrix_pixel(m, inputs + pixel * pitch, output + pixel * step);
  }
}

/* Outputs of so many pixels, which are clamped to int8 already. */
FORGE_INLINE void forge_matrix_clamp(const forge_matrix *m, int pixels, int8_t *output) {
  if (m->activation_min > -128 || m->activation_max < 127) {
    forge_clamp_bytes_mve(output, pixels * m->channels, m->activation_min, m->activation_max);
  }
}

FORGE_INLINE void forge_matrix_run(const forge_matrix *m, const int8_t *inputs, int pitch,
                                   int pixels, int8_t *output) {
  forge_matrix_sums(m, inputs, pitch, pixels, output);
  forge_matrix_clamp(m, pixels, output);
}

#endif

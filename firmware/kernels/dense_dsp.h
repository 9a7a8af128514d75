/* dense.h for cores that multiply and add two pairs of int16 at once: Cortex-M4, M7, M33, M55.
 *
 * Channels and pixels of a block share the loads of each quad; loads of a word each, side by side, take
 * a cycle less than as many words at once: of weights first, then of inputs, because flash and RAM
 * wait for each other. Registers hold sums and what they are made of, and nothing
 * else: where the tile and the stream end, and where outputs go, lies on the stack. The quads run
 * unrolled, entered at the first that is needed; with what follows they fit an instruction cache of
 * 1 KB. A firmware has each function at most once, and none that it does not call.
 *
 * r0: tile, r1: stream, r2-r5: inputs, r6-r9: weights, r10, r12: the two channels' sums of the first
 * pixel, r11, lr: of the second. On the stack: a copy of the job, where the stream's beginning gives
 * way to where the quads are entered. */
#ifndef FORGE_KERNELS_DENSE_DSP_H
#define FORGE_KERNELS_DENSE_DSP_H

/* So many channels of up to three pixels. inputs: the tile. step: from a pixel's outputs to the next
 * one's. ceiling: in each byte 255 less the range of outputs; floor: in each byte the least of them.
 * units: of the unrolled code, for all of the tile. */
typedef struct {
  const void *inputs;
  const int32_t *stream;
  const void *inputs_end;
  const int32_t *stream_end;
  int8_t *output;
  int step;
  uint32_t ceiling, floor;
  int units;
} forge_dense_job;

#define FORGE_DENSE_FUNCTION(name, text)                                              \
  FORGE_SHARED void name(const forge_dense_job *job) {                                \
    __asm__ volatile("push {r4-r11}\n"                                                \
                     "ldmia %0, {r0-r8}\n"                                            \
                     "push {r0-r7}\n" text                                            \
                     "add sp, #32\n"                                                  \
                     "pop {r4-r11}\n"                                                 \
                     :                                                                \
                     : "r"(job)                                                       \
                     : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");          \
  }

/* Where the unrolled code is entered that FORGE_DENSE_UNROLLED has times a power of two. unit_bytes:
 * what the instructions of a unit take. */
#define FORGE_DENSE_BEGIN(times, unit_bytes)                                 \
  "rsb r4, r8, #0\n"                                                         \
  "and r4, r4, #" #times " - 1\n"                                            \
  "movs r5, #" #unit_bytes "\n"                                              \
  "muls r4, r5, r4\n"                                                        \
  "adr.w r5, 2f\n"                                                           \
  "add r4, r5\n"                                                             \
  "orr r4, r4, #1\n"                                                         \
  "str r4, [sp, #4]\n"

#define FORGE_DENSE_UNROLLED(times, unit) \
  ".balign 4\n"                           \
  "2:\n"                                  \
  ".rept " #times "\n" unit ".endr\n"

#define FORGE_DENSE_REPEAT \
  "ldr r2, [sp, #8]\n"     \
  "cmp r0, r2\n"           \
  "bne 2b\n"

/* The next two channels, unless the stream has ended. */
#define FORGE_DENSE_END    \
  "ldr r0, [sp]\n"         \
  "ldr r2, [sp, #12]\n"    \
  "cmp r1, r2\n"           \
  "bne 1b\n"

/* Biases of two channels for two pixels. */
#define FORGE_DENSE_BIASES_2    \
  "ldmia r1!, {r10, r12}\n"     \
  "mov r11, r10\n"              \
  "mov lr, r12\n"

/* Sums of two channels, of one pixel or two; from words of two weights each. */
#define FORGE_DENSE_WORDS_2                                \
  FORGE_DENSE_BEGIN(8, 56)                                 \
  "1:\n" FORGE_DENSE_BIASES_2                              \
  "ldr pc, [sp, #4]\n"                                     \
  FORGE_DENSE_UNROLLED(8, "ldr.n r7, [r1, #4]\n"           \
                          "ldr.w r8, [r1, #8]\n"           \
                          "ldr.w r9, [r1, #12]\n"          \
                          "ldr r6, [r1], #16\n"            \
                          "ldr.n r3, [r0, #4]\n"           \
                          "ldr.n r4, [r0, #8]\n"           \
                          "ldr.n r5, [r0, #12]\n"          \
                          "ldr r2, [r0], #16\n"            \
                          "smlad r10, r2, r6, r10\n"       \
                          "smlad r11, r4, r6, r11\n"       \
                          "smlad r12, r2, r8, r12\n"       \
                          "smlad lr, r4, r8, lr\n"         \
                          "smlad r10, r3, r7, r10\n"       \
                          "smlad r11, r5, r7, r11\n"       \
                          "smlad r12, r3, r9, r12\n"       \
                          "smlad lr, r5, r9, lr\n")        \
  FORGE_DENSE_REPEAT

/* Two quads at once, so that they are loaded together; then one that may be left. The tile's end lies
 * in lr, that of its last two quads in r11. A tile of one quad enters behind the others. */
#define FORGE_DENSE_WORDS_1                                \
  FORGE_DENSE_BEGIN(8, 44)                                 \
  "mov lr, r2\n"                                           \
  "subs r2, r2, r0\n"                                      \
  "bic r2, r2, #15\n"                                      \
  "adds r11, r0, r2\n"                                     \
  "cmp r2, #0\n"                                           \
  "bne 1f\n"                                               \
  "adr.w r5, 3f\n"                                         \
  "orr r5, r5, #1\n"                                       \
  "str r5, [sp, #4]\n"                                     \
  "1:\n"                                                   \
  "ldmia r1!, {r10, r12}\n"                                \
  "ldr pc, [sp, #4]\n"                                     \
  FORGE_DENSE_UNROLLED(8, "ldmia.w r0!, {r2-r5}\n"         \
                          "ldmia.w r1!, {r6-r9}\n"         \
                          "smlad r10, r2, r6, r10\n"       \
                          "smlad r12, r2, r8, r12\n"       \
                          "smlad r10, r3, r7, r10\n"       \
                          "smlad r12, r3, r9, r12\n"       \
                          "ldmia.w r1!, {r6-r9}\n"         \
                          "smlad r10, r4, r6, r10\n"       \
                          "smlad r12, r4, r8, r12\n"       \
                          "smlad r10, r5, r7, r10\n"       \
                          "smlad r12, r5, r9, r12\n")      \
  "cmp r0, r11\n"                                          \
  "bne 2b\n"                                               \
  ".balign 4\n"                                            \
  "3:\n"                                                   \
  "cmp r0, lr\n"                                           \
  "beq 4f\n"                                               \
  "ldmia r0!, {r2, r3}\n"                                  \
  "ldmia r1!, {r6-r9}\n"                                   \
  "smlad r10, r2, r6, r10\n"                               \
  "smlad r12, r2, r8, r12\n"                               \
  "smlad r10, r3, r7, r10\n"                               \
  "smlad r12, r3, r9, r12\n"                               \
  "4:\n"

/* The same from half words of two weights each: the sums of both channels, 256 times the second with
 * the first, then the lower bytes' alone. Two quads at once. */
#define FORGE_DENSE_BYTES_MACS_2(low, high)              \
  "smlad r12, r2, " low ", r12\n"                        \
  "smlad lr, r4, " low ", lr\n"                          \
  "smlad r12, r3, " high ", r12\n"                       \
  "smlad lr, r5, " high ", lr\n"                         \
  "sxtb16 " low ", " low "\n"                            \
  "sxtb16 " high ", " high "\n"                          \
  "smlad r10, r2, " low ", r10\n"                        \
  "smlad r11, r4, " low ", r11\n"                        \
  "smlad r10, r3, " high ", r10\n"                       \
  "smlad r11, r5, " high ", r11\n"

#define FORGE_DENSE_BYTES_2                                          \
  FORGE_DENSE_BEGIN(8, 92)                                           \
  "1:\n" FORGE_DENSE_BIASES_2                                        \
  "ldr pc, [sp, #4]\n"                                               \
  FORGE_DENSE_UNROLLED(8, "ldmia.w r1!, {r6-r9}\n"                   \
                          "ldmia.w r0!, {r2-r5}\n"                   \
                          FORGE_DENSE_BYTES_MACS_2("r6", "r7")       \
                          "ldmia.w r0!, {r2-r5}\n"                   \
                          FORGE_DENSE_BYTES_MACS_2("r8", "r9"))      \
  FORGE_DENSE_REPEAT                                                 \
  FORGE_DENSE_APART("r10", "r12")                                    \
  FORGE_DENSE_APART("r11", "lr")

/* The tile's end lies in r11, where the quads are entered in lr. */
#define FORGE_DENSE_BYTES_1                              \
  FORGE_DENSE_BEGIN(8, 56)                               \
  "mov r11, r2\n"                                        \
  "mov lr, r4\n"                                         \
  "1:\n"                                                 \
  "ldmia r1!, {r10, r12}\n"                              \
  "bx lr\n"                                              \
  FORGE_DENSE_UNROLLED(8, "ldmia.w r1!, {r6-r9}\n"       \
                          "ldmia.w r0!, {r2-r5}\n"       \
                          "smlad r12, r2, r6, r12\n"     \
                          "smlad r12, r3, r7, r12\n"     \
                          "smlad r12, r4, r8, r12\n"     \
                          "smlad r12, r5, r9, r12\n"     \
                          "sxtb16 r6, r6\n"              \
                          "sxtb16 r7, r7\n"              \
                          "sxtb16 r8, r8\n"              \
                          "sxtb16 r9, r9\n"              \
                          "smlad r10, r2, r6, r10\n"     \
                          "smlad r10, r3, r7, r10\n"     \
                          "smlad r10, r4, r8, r10\n"     \
                          "smlad r10, r5, r9, r10\n")    \
  "cmp r0, r11\n"                                        \
  "bne 2b\n"                                             \
  FORGE_DENSE_APART("r10", "r12")

/* Doubled sums of the first channel, and of the second from both. */
#define FORGE_DENSE_APART(first, both)     \
  "sub " both ", " both ", " first "\n"    \
  "asr " both ", " both ", #7\n"           \
  "lsl " first ", " first ", #1\n"

/* Two channels' outputs: multiplier, offset and shift of the first in r2-r4, of the second in r5-r7.
 * SMMLAR is SMMULR and the offset's addition. */
#define FORGE_DENSE_RECTIFY(sum, multiplier, offset, shift)           \
  "smmlar " sum ", " sum ", " multiplier ", " offset "\n"             \
  "asr " sum ", " sum ", " shift "\n"                                 \
  "ssat " sum ", #8, " sum "\n"

/* The sign of the sum stands for that of what it is scaled to: where they differ that is 0, and one
 * less is rounded to the same. */
#define FORGE_DENSE_SCALE(sum, multiplier, offset, shift)             \
  "smmlar r0, " sum ", " multiplier ", " offset "\n"                  \
  "add " sum ", r0, " sum ", asr #31\n"                               \
  "asr " sum ", " sum ", " shift "\n"                                 \
  "usat " sum ", #8, " sum "\n"

/* Above the least output, in bytes: what is above the greatest saturates, for all at once. In r4 and r5:
 * the job's ceiling and floor. */
#define FORGE_DENSE_CLAMP(outputs)                 \
  "uqadd8 " outputs ", " outputs ", r4\n"          \
  "uqsub8 " outputs ", " outputs ", r4\n"          \
  "uadd8 " outputs ", " outputs ", r5\n"

#define FORGE_DENSE_RECTIFIED_2                  \
  "ldmia r1!, {r2-r7}\n"                         \
  FORGE_DENSE_RECTIFY("r10", "r2", "r3", "r4")   \
  FORGE_DENSE_RECTIFY("r11", "r2", "r3", "r4")   \
  FORGE_DENSE_RECTIFY("r12", "r5", "r6", "r7")   \
  FORGE_DENSE_RECTIFY("lr", "r5", "r6", "r7")    \
  "ldrd r8, r9, [sp, #16]\n"                     \
  "add r9, r9, r8\n"                             \
  "strb r10, [r8], #1\n"                         \
  "strb r12, [r8], #1\n"                         \
  "strb r11, [r9]\n"                             \
  "strb lr, [r9, #1]\n"                          \
  "str r8, [sp, #16]\n"                          \
  FORGE_DENSE_END

#define FORGE_DENSE_CLAMPED_2                    \
  "ldmia r1!, {r2-r7}\n"                         \
  FORGE_DENSE_SCALE("r10", "r2", "r3", "r4")     \
  FORGE_DENSE_SCALE("r11", "r2", "r3", "r4")     \
  FORGE_DENSE_SCALE("r12", "r5", "r6", "r7")     \
  FORGE_DENSE_SCALE("lr", "r5", "r6", "r7")      \
  "ldrd r8, r9, [sp, #16]\n"                     \
  "orr r10, r10, r12, lsl #8\n"                  \
  "orr r11, r11, lr, lsl #8\n"                   \
  "orr r10, r10, r11, lsl #16\n"                 \
  "ldrd r4, r5, [sp, #24]\n"                     \
  FORGE_DENSE_CLAMP("r10")                       \
  "add r9, r9, r8\n"                             \
  "strh r10, [r8], #2\n"                         \
  "lsr r10, r10, #16\n"                          \
  "strh r10, [r9]\n"                             \
  "str r8, [sp, #16]\n"                          \
  FORGE_DENSE_END

#define FORGE_DENSE_RECTIFIED_1                  \
  "ldmia r1!, {r2-r7}\n"                         \
  FORGE_DENSE_RECTIFY("r10", "r2", "r3", "r4")   \
  FORGE_DENSE_RECTIFY("r12", "r5", "r6", "r7")   \
  "ldr r8, [sp, #16]\n"                          \
  "strb r10, [r8], #1\n"                         \
  "strb r12, [r8], #1\n"                         \
  "str r8, [sp, #16]\n"                          \
  FORGE_DENSE_END

#define FORGE_DENSE_CLAMPED_1                    \
  "ldmia r1!, {r2-r7}\n"                         \
  FORGE_DENSE_SCALE("r10", "r2", "r3", "r4")     \
  FORGE_DENSE_SCALE("r12", "r5", "r6", "r7")     \
  "ldr r8, [sp, #16]\n"                          \
  "orr r10, r10, r12, lsl #8\n"                  \
  "ldrd r4, r5, [sp, #24]\n"                     \
  FORGE_DENSE_CLAMP("r10")                       \
  "strh r10, [r8], #2\n"                         \
  "str r8, [sp, #16]\n"                          \
  FORGE_DENSE_END

FORGE_DENSE_FUNCTION(forge_dense_words_rectified_2, FORGE_DENSE_WORDS_2 FORGE_DENSE_RECTIFIED_2)
FORGE_DENSE_FUNCTION(forge_dense_words_clamped_2, FORGE_DENSE_WORDS_2 FORGE_DENSE_CLAMPED_2)
FORGE_DENSE_FUNCTION(forge_dense_words_rectified_1, FORGE_DENSE_WORDS_1 FORGE_DENSE_RECTIFIED_1)
FORGE_DENSE_FUNCTION(forge_dense_words_clamped_1, FORGE_DENSE_WORDS_1 FORGE_DENSE_CLAMPED_1)

FORGE_DENSE_FUNCTION(forge_dense_bytes_rectified_2, FORGE_DENSE_BYTES_2 FORGE_DENSE_RECTIFIED_2)
FORGE_DENSE_FUNCTION(forge_dense_bytes_clamped_2, FORGE_DENSE_BYTES_2 FORGE_DENSE_CLAMPED_2)
FORGE_DENSE_FUNCTION(forge_dense_bytes_rectified_1, FORGE_DENSE_BYTES_1 FORGE_DENSE_RECTIFIED_1)
FORGE_DENSE_FUNCTION(forge_dense_bytes_clamped_1, FORGE_DENSE_BYTES_1 FORGE_DENSE_CLAMPED_1)

#include "kernels/dense_three_dsp.h"
#include "kernels/dense_sparse_dsp.h"

/* By how weights and outputs are packed and scaled. */
#define FORGE_DENSE_CALL(d, pixels, job)                                         \
  do {                                                                           \
    if ((d)->rectified && forge_dense_is_sparse(d)) forge_sparse_rectified_##pixels(job); \
    else if (forge_dense_is_sparse(d)) forge_sparse_clamped_##pixels(job);                \
    else if ((d)->rectified && (d)->bytes) forge_dense_bytes_rectified_##pixels(job); \
    else if ((d)->rectified) forge_dense_words_rectified_##pixels(job);          \
    else if ((d)->bytes) forge_dense_bytes_clamped_##pixels(job);                \
    else forge_dense_words_clamped_##pixels(job);                                \
  } while (0)

FORGE_INLINE void forge_dense_call(const forge_dense *d, int pixels, const forge_dense_job *job) {
  if (pixels == 3) FORGE_DENSE_CALL(d, 3, job);
  else if (pixels == 2) FORGE_DENSE_CALL(d, 2, job);
  else FORGE_DENSE_CALL(d, 1, job);
}

/* units: of the unrolled code. words: of the stream. */
FORGE_INLINE forge_dense_job forge_dense_job_of(const forge_dense *d, const void *inputs,
                                                const void *inputs_end, int units,
                                                const int32_t *stream, int words, int8_t *output,
                                                int step) {
  const uint32_t each = 0x01010101;
  const forge_dense_job job = {
      .inputs = inputs,
      .stream = stream,
      .inputs_end = inputs_end,
      .stream_end = stream + words,
      .output = output,
      .step = step,
      .ceiling = each * (uint32_t)(255 - (d->activation_max - d->activation_min)),
      .floor = each * (uint8_t)d->activation_min,
      .units = units,
  };
  return job;
}

/* How many quads of the tile a unit of the unrolled code takes. */
FORGE_INLINE int forge_dense_unit(const forge_dense *d, int pixels) {
  return pixels == 1 || (pixels == 2 && d->bytes) ? 2 : 1;
}

FORGE_INLINE void forge_dense_pairs(const forge_dense *d, int pixels, const int16_t *tile,
                                    const int32_t *stream, int words, int8_t *output, int step) {
  const forge_dense_job job = forge_dense_job_of(
      d, tile, tile + d->quads * 4 * pixels, d->quads / forge_dense_unit(d, pixels), stream,
      words, output, step);
  forge_dense_call(d, pixels, &job);
}

#endif

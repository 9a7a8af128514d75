/* winograd_4x4.h for cores that multiply and add two pairs of int16 at once: Cortex-M4, M7, M33, M55. */
#ifndef FORGE_KERNELS_WINOGRAD_4X4_DSP_H
#define FORGE_KERNELS_WINOGRAD_4X4_DSP_H

/* Six pairs of inputs in r2-r7 times B. */
#define FORGE_WINOGRAD_SIX     \
  "ssub16 r8, r6, r4\n"        \
  "ssub16 r9, r5, r3\n"        \
  "ssub16 r2, r2, r4\n"        \
  "ssub16 r7, r7, r5\n"        \
  "sadd16 r4, r4, r4\n"        \
  "sadd16 r4, r4, r4\n"        \
  "ssub16 r6, r6, r4\n"        \
  "sadd16 r3, r3, r3\n"        \
  "sadd16 r3, r3, r3\n"        \
  "ssub16 r5, r5, r3\n"        \
  "sadd16 r2, r2, r2\n"        \
  "sadd16 r2, r2, r2\n"        \
  "sadd16 r2, r2, r8\n"        \
  "sadd16 r10, r9, r9\n"       \
  "sadd16 r3, r6, r5\n"        \
  "ssub16 r4, r6, r5\n"        \
  "sadd16 r5, r8, r10\n"       \
  "ssub16 r6, r8, r10\n"       \
  "sadd16 r10, r10, r10\n"     \
  "ssub16 r7, r7, r10\n"

/* Of four channels of six columns two each, as turn leaves them in the lower bytes of halves: to the
 * tile. r11, r12, lr: once, three times, five times the channels. */
#define FORGE_WINOGRAD_PAIRS(turn, moved, next)   \
  "ldr.w r3, [r0, r11]\n"                         \
  "ldr.w r4, [r0, r11, lsl #1]\n"                 \
  "ldr.w r5, [r0, r12]\n"                         \
  "ldr.w r6, [r0, r11, lsl #2]\n"                 \
  "ldr.w r7, [r0, lr]\n"                          \
  "ldr.w r2, [r0]" moved "\n"                     \
  "sxtb16 r2, r2" turn "\n"                       \
  "sxtb16 r3, r3" turn "\n"                       \
  "sxtb16 r4, r4" turn "\n"                       \
  "sxtb16 r5, r5" turn "\n"                       \
  "sxtb16 r6, r6" turn "\n"                       \
  "sxtb16 r7, r7" turn "\n"                       \
  FORGE_WINOGRAD_SIX                              \
  "add.w r8, r1, r11, lsl #4\n"                   \
  "str.w r3, [r1, r11, lsl #2]\n"                 \
  "str.w r4, [r1, r11, lsl #3]\n"                 \
  "str.w r5, [r1, r12, lsl #2]\n"                 \
  "str.w r6, [r8]\n"                              \
  "str.w r7, [r1, lr, lsl #2]\n"                  \
  "str.w r2, [r1], #" next "\n"

/* r0: inputs, r1: tile. On the stack: where a row's inputs end, rows, where they end, offset. */
FORGE_SHARED void forge_winograd_4x4_across(const int8_t *const *rows, int offset, int channels,
                                            uint32_t *tile) {
  const struct {
    const int8_t *const *rows;
    uint32_t *tile;
    const int8_t *const *end;
    int offset, channels;
  } job = {rows, tile, rows + FORGE_WINOGRAD_4X4_ROWS, offset, channels};
  __asm__ volatile(
      "push {r4-r11}\n"
      "ldmia %0, {r0-r4}\n"
      "mov r11, r4\n"
      "add.w r12, r4, r4, lsl #1\n"
      "add.w lr, r4, r4, lsl #2\n"
      "push {r2, r3}\n"
      "push {r0, r4}\n"
      "1:\n"
      "ldr r2, [sp]\n"
      "ldr r3, [sp, #12]\n"
      "ldr r0, [r2], #4\n"
      "str r2, [sp]\n"
      "add r0, r3\n"
      "add.w r2, r0, r11\n"
      "str r2, [sp, #4]\n"
      "2:\n"
      FORGE_WINOGRAD_PAIRS("", "", "4")
      FORGE_WINOGRAD_PAIRS(", ror #8", ", #4", "12")
      "ldr r2, [sp, #4]\n"
      "cmp r0, r2\n"
      "bne 2b\n"
      "ldr r2, [sp]\n"
      "ldr r3, [sp, #8]\n"
      "add.w r1, r1, lr, lsl #2\n"
      "cmp r2, r3\n"
      "bne 1b\n"
      "add sp, #16\n"
      "pop {r4-r11}\n"
      :
      : "r"(&job)
      : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}

/* r0: where the first row of the tile ends, r1: tile, r11, r12, lr: once, three times, five times
 * that row's bytes. */
FORGE_SHARED void forge_winograd_4x4_down(uint32_t *tile, int channels) {
  const struct {
    uint32_t *end, *tile;
    int row;
  } job = {tile + 6 * channels, tile, 24 * channels};
  __asm__ volatile(
      "push {r4-r11}\n"
      "ldmia %0, {r0-r2}\n"
      "mov r11, r2\n"
      "add.w r12, r2, r2, lsl #1\n"
      "add.w lr, r2, r2, lsl #2\n"
      "1:\n"
      ".rept 2\n"
      "ldr.w r3, [r1, r11]\n"
      "ldr.w r4, [r1, r11, lsl #1]\n"
      "ldr.w r5, [r1, r12]\n"
      "ldr.w r6, [r1, r11, lsl #2]\n"
      "ldr.w r7, [r1, lr]\n"
      "ldr r2, [r1]\n"
      FORGE_WINOGRAD_SIX
      "str.w r3, [r1, r11]\n"
      "str.w r4, [r1, r11, lsl #1]\n"
      "str.w r5, [r1, r12]\n"
      "str.w r6, [r1, r11, lsl #2]\n"
      "str.w r7, [r1, lr]\n"
      "str r2, [r1], #4\n"
      ".endr\n"
      "cmp r1, r0\n"
      "bne 1b\n"
      "pop {r4-r11}\n"
      :
      : "r"(&job)
      : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}

/* Six sums in r2-r7 times A: four in r2, r4, r3, r7. */
#define FORGE_WINOGRAD_FOUR      \
  "add.w r8, r3, r4\n"           \
  "sub.w r9, r3, r4\n"           \
  "adds r3, r5, r6\n"            \
  "subs r4, r5, r6\n"            \
  "sub.w r5, r3, r8, lsl #2\n"   \
  "adds r2, r2, r5\n"            \
  "sub.w r3, r3, r8\n"           \
  "sub.w r7, r7, r9\n"           \
  "add.w r7, r7, r4, lsl #1\n"   \
  "sub.w r4, r4, r9, lsl #1\n"

/* lr: factor, r10: multiplier, r11: offset, r12: shift. Halves of what is
 * below zero are rounded down. The sign is the sum's: of one whose product is 0 that changes nothing. */
#define FORGE_WINOGRAD_OUTPUT(sum, power)      \
  "mul " #sum ", " #sum ", lr\n"               \
  "asrs " #sum ", " #sum ", #" #power "\n"     \
  "smmlar r5, " #sum ", r10, r11\n"            \
  "add.w " #sum ", r5, " #sum ", asr #31\n"    \
  "asr.w " #sum ", " #sum ", r12\n"            \
  "ssat " #sum ", #8, " #sum "\n"

/* Of a tile first columns, three at once, then lines. On the stack the job, which moves on. r0: sums,
 * then where a line's outputs go, r1: lines. */
FORGE_SHARED void forge_winograd_4x4_outputs(forge_winograd_line lines[4], uint32_t *sums,
                                             const int32_t *parameters, int first, int step,
                                             int tiles) {
  const struct {
    const forge_winograd_line *end;
    int first, step;
    forge_winograd_line *lines;
    uint32_t *sums;
    const int32_t *parameters;
    const uint32_t *sums_end;
  } job = {lines + 4, first, step, lines, sums, parameters, sums + tiles};
  __asm__ volatile(
      "push {r4-r11}\n"
      "ldmia %0, {r0-r6}\n"
      "push {r0-r6}\n"
      "1:\n"
      "ldr r1, [sp, #12]\n"
      "ldrd r0, r12, [sp, #16]\n"
      "ldr r3, [r0, #112]\n"
      "ldr.w r2, [r12]\n"
      "adds r3, r3, r2\n"
      "str r3, [r0, #112]\n"
      "adds r1, #4\n"
      "add.w r10, r0, #96\n"
      "2:\n"
      ".rept 3\n"
      "ldr r3, [r0, #96]\n"
      "ldr.w r4, [r0, #192]\n"
      "ldr.w r5, [r0, #288]\n"
      "ldr.w r6, [r0, #384]\n"
      "ldr.w r7, [r0, #480]\n"
      "ldr r2, [r0], #16\n"
      FORGE_WINOGRAD_FOUR
      "str r4, [r1, #32]\n"
      "str r3, [r1, #64]\n"
      "str r7, [r1, #96]\n"
      "str r2, [r1], #4\n"
      ".endr\n"
      "cmp r0, r10\n"
      "bne 2b\n"
      "subs r1, #28\n"
      "ldrd r10, r11, [r12, #4]\n"
      "ldr.w r12, [r12, #12]\n"
      "3:\n"
      "ldmia.w r1!, {r0, r2-r7, lr}\n"
      FORGE_WINOGRAD_FOUR
      "ldmia.w sp, {r6, r8, r9}\n"
      "add r0, r8\n"
      FORGE_WINOGRAD_OUTPUT(r2, 5)
      FORGE_WINOGRAD_OUTPUT(r4, 4)
      FORGE_WINOGRAD_OUTPUT(r3, 3)
      FORGE_WINOGRAD_OUTPUT(r7, 3)
      "strb r2, [r0]\n"
      "strb.w r4, [r0, r9]\n"
      "add.w r0, r0, r9, lsl #1\n"
      "strb r3, [r0]\n"
      "strb.w r7, [r0, r9]\n"
      "cmp r1, r6\n"
      "bne 3b\n"
      "add.w r8, r8, r9, lsl #2\n"
      "str.w r8, [sp, #4]\n"
      "ldr r0, [sp, #16]\n"
      "ldr r2, [sp, #24]\n"
      "adds r0, #4\n"
      "str r0, [sp, #16]\n"
      "cmp r0, r2\n"
      "bne 1b\n"
      "add sp, #28\n"
      "pop {r4-r11}\n"
      :
      : "r"(&job)
      : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}

#endif

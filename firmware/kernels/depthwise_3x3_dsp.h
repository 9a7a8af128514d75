/* depthwise_3x3.h for cores that multiply and add two pairs of int16 at once: Cortex-M4, M7, M33, M55.
 *
 * A block is up to six windows of a channel, whose sums are in r4 to r9: every weight and every half
 * of the tile is loaded once for all of them. Registers that hold no sums take more of the tile, so
 * that loads lie side by side: each but the first then takes a cycle. A firmware has each function at most once, and none that
 * it does not call. */
#ifndef FORGE_KERNELS_DEPTHWISE_3X3_DSP_H
#define FORGE_KERNELS_DEPTHWISE_3X3_DSP_H

#include "kernels/naked.h"

/* Two rows' words of four channels in r10 and r12, to pairs in the tile. */
#define FORGE_DW_GATHER                  \
  "sxtb16 r8, r10\n"                     \
  "sxtb16 r10, r10, ror #8\n"            \
  "sxtb16 r9, r12\n"                     \
  "sxtb16 r12, r12, ror #8\n"            \
  "pkhtb r11, r9, r8, asr #16\n"         \
  "pkhbt r8, r8, r9, lsl #16\n"          \
  "pkhbt r9, r10, r12, lsl #16\n"        \
  "pkhtb r12, r12, r10, asr #16\n"       \
  "stmia r3!, {r8, r9, r11, r12}\n"

/* r0 to r2: rows, r3: tile, r4: offset, r5: channels, lr: columns left. r6, r7: the lower row of a
 * record's first column. */
FORGE_NAKED void forge_depthwise_gather(FORGE_ARGUMENT const forge_depthwise_source *source,
                                        FORGE_ARGUMENT int16_t *tile,
                                        FORGE_ARGUMENT int offset) {
  __asm__(
      "push {r4-r11, lr}\n"
      "mov r3, r1\n"
      "mov r4, r2\n"
      "ldmia r0, {r0, r1, r2, r5, r6, r7, r8}\n"
      "mov lr, r6\n"
      "mov r6, r7\n"
      "cmp r8, #0\n"
      "beq 1f\n"
      "adds r3, r3, #16\n"
      "b 2f\n"
      "1:\n"
      "ldr r10, [r0, r4]\n"
      "ldr r12, [r1, r4]\n"
      "ldr r7, [r2, r4]\n"
      "add r4, r4, r5\n" FORGE_DW_GATHER
      "sxtb16 r6, r7\n"
      "sxtb16 r7, r7, ror #8\n"
      "subs lr, lr, #1\n"
      "beq 3f\n"
      "2:\n"
      "ldr r10, [r0, r4]\n"
      "ldr r12, [r1, r4]\n" FORGE_DW_GATHER
      "ldr r8, [r2, r4]\n"
      "add r4, r4, r5\n"
      "sxtb16 r9, r8\n"
      "sxtb16 r8, r8, ror #8\n"
      "pkhtb r10, r9, r6, asr #16\n"
      "pkhbt r6, r6, r9, lsl #16\n"
      "pkhtb r11, r8, r7, asr #16\n"
      "pkhbt r7, r7, r8, lsl #16\n"
      "stmia r3!, {r6, r7, r10, r11}\n"
      "subs lr, lr, #1\n"
      "bne 1b\n"
      "pop {r4-r11, pc}\n"
      "3:\n"
      "strh r6, [r3, #16]\n"
      "strh r7, [r3, #20]\n"
      "lsrs r6, r6, #16\n"
      "lsrs r7, r7, #16\n"
      "strh r6, [r3, #24]\n"
      "strh r7, [r3, #28]\n"
      "pop {r4-r11, pc}\n");
}

#define FORGE_DW_TILE(data, offset) "ldr " #data ", [r0, #" #offset "]\n"
#define FORGE_DW_MAC(sum, data, weights) "smlad " #sum ", " #data ", " #weights ", " #sum "\n"
/* A column of the upper rows in up to three windows. */
#define FORGE_DW_TAPS_1(data, x) FORGE_DW_MAC(x, data, r10)
#define FORGE_DW_TAPS_2(data, x, y) FORGE_DW_TAPS_1(data, x) FORGE_DW_MAC(y, data, r11)
#define FORGE_DW_TAPS_3(data, x, y, z) FORGE_DW_TAPS_2(data, x, y) FORGE_DW_MAC(z, data, r12)
#define FORGE_DW_LAST_2(data, y, z) FORGE_DW_MAC(y, data, r11) FORGE_DW_MAC(z, data, r12)
#define FORGE_DW_LAST_1(data, z) FORGE_DW_MAC(z, data, r12)

/* What a sum begins with: the bias in r12, or itself. */
#define FORGE_DW_BIAS(sum) "r12"
#define FORGE_DW_SUM(sum) #sum

/* The lower row of a window that begins with a record, and of one that begins with its second column.
 * r10: its first two weights, r11: its last two. */
#define FORGE_DW_LOWER_EVEN(from, sum, here, next)          \
  "smlad " #sum ", " #here ", r10, " from(sum) "\n"      \
  "smlabt " #sum ", " #next ", r11, " #sum "\n"
#define FORGE_DW_LOWER_ODD(from, sum, here, next)           \
  "smlatb " #sum ", " #here ", r10, " from(sum) "\n"     \
  "smlad " #sum ", " #next ", r11, " #sum "\n"
#define FORGE_DW_LOWER_WEIGHTS "pkhtb r11, r11, r10, asr #16\n"

/* Three words of a filter, or two. */
#define FORGE_DW_WEIGHTS_3 "ldr r11, [r1, #4]\nldr r12, [r1, #8]\nldr r10, [r1], #12\n"
#define FORGE_DW_WEIGHTS_2 "ldr r11, [r1, #4]\nldr r10, [r1], #8\n"

#define FORGE_DW_LOWER_TILE_2 FORGE_DW_TILE(r2, 32) FORGE_DW_TILE(r3, 80)
#define FORGE_DW_LOWER_TILE_3 FORGE_DW_LOWER_TILE_2 FORGE_DW_TILE(lr, 128)
#define FORGE_DW_LOWER_TILE_4 FORGE_DW_LOWER_TILE_3 FORGE_DW_TILE(r9, 176)
#define FORGE_DW_UPPER_TILE_3 FORGE_DW_TILE(r2, 0) FORGE_DW_TILE(r3, 16) FORGE_DW_TILE(lr, 48)
#define FORGE_DW_UPPER_TILE_4 FORGE_DW_UPPER_TILE_3 FORGE_DW_TILE(r9, 64)
#define FORGE_DW_UPPER_TILE_5 FORGE_DW_UPPER_TILE_4 FORGE_DW_TILE(r8, 96)

/* Of one to six windows one column apart: the lower row, then the upper two. */
#define FORGE_DW_LOWER_1_BEGIN_2(from) \
  FORGE_DW_LOWER_WEIGHTS FORGE_DW_LOWER_EVEN(from, r4, r2, r3) FORGE_DW_LOWER_ODD(from, r5, r2, r3)
#define FORGE_DW_LOWER_1_NEXT_2(from) \
  FORGE_DW_LOWER_EVEN(from, r6, r3, lr) FORGE_DW_LOWER_ODD(from, r7, r3, lr)
#define FORGE_DW_LOWER_1_1(from) FORGE_DW_LOWER_TILE_2 FORGE_DW_LOWER_EVEN(from, r4, r2, r3)
#define FORGE_DW_LOWER_1_2(from) FORGE_DW_LOWER_TILE_2 FORGE_DW_LOWER_1_BEGIN_2(from)
#define FORGE_DW_LOWER_1_3(from) \
  FORGE_DW_LOWER_TILE_3 FORGE_DW_LOWER_1_BEGIN_2(from) FORGE_DW_LOWER_EVEN(from, r6, r3, lr)
#define FORGE_DW_LOWER_1_4(from) \
  FORGE_DW_LOWER_TILE_3 FORGE_DW_LOWER_1_BEGIN_2(from) FORGE_DW_LOWER_1_NEXT_2(from)
#define FORGE_DW_LOWER_1_5(from)                                                            \
  FORGE_DW_LOWER_TILE_4 FORGE_DW_LOWER_1_BEGIN_2(from) FORGE_DW_LOWER_1_NEXT_2(from)        \
  FORGE_DW_LOWER_EVEN(from, r8, lr, r9)
#define FORGE_DW_LOWER_1_6(from)                                                            \
  FORGE_DW_LOWER_TILE_3 FORGE_DW_LOWER_1_BEGIN_2(from) FORGE_DW_LOWER_1_NEXT_2(from)        \
  FORGE_DW_TILE(r2, 176) FORGE_DW_LOWER_EVEN(from, r8, lr, r2) FORGE_DW_LOWER_ODD(from, r9, lr, r2)

#define FORGE_DW_UPPER_1_BEGIN_2 FORGE_DW_TAPS_1(r2, r4) FORGE_DW_TAPS_2(r3, r5, r4)
#define FORGE_DW_UPPER_1_BEGIN_3 FORGE_DW_UPPER_1_BEGIN_2 FORGE_DW_TAPS_3(lr, r6, r5, r4)
#define FORGE_DW_UPPER_1_BEGIN_4 FORGE_DW_UPPER_1_BEGIN_3 FORGE_DW_TAPS_3(r9, r7, r6, r5)
#define FORGE_DW_UPPER_1_1 \
  FORGE_DW_UPPER_TILE_3 FORGE_DW_TAPS_1(r2, r4) FORGE_DW_MAC(r4, r3, r11) FORGE_DW_LAST_1(lr, r4)
#define FORGE_DW_UPPER_1_2 \
  FORGE_DW_UPPER_TILE_4 FORGE_DW_UPPER_1_BEGIN_2 FORGE_DW_LAST_2(lr, r5, r4) FORGE_DW_LAST_1(r9, r5)
#define FORGE_DW_UPPER_1_3 \
  FORGE_DW_UPPER_TILE_5 FORGE_DW_UPPER_1_BEGIN_3 FORGE_DW_LAST_2(r9, r6, r5) FORGE_DW_LAST_1(r8, r6)
#define FORGE_DW_UPPER_1_4                                                                  \
  FORGE_DW_UPPER_TILE_5 FORGE_DW_UPPER_1_BEGIN_4 FORGE_DW_TILE(r2, 112)                     \
  FORGE_DW_LAST_2(r8, r7, r6) FORGE_DW_LAST_1(r2, r7)
#define FORGE_DW_UPPER_1_5                                                                  \
  FORGE_DW_UPPER_TILE_4 FORGE_DW_UPPER_1_BEGIN_4                                            \
  FORGE_DW_TILE(r2, 96) FORGE_DW_TILE(r3, 112) FORGE_DW_TILE(lr, 144)                       \
  FORGE_DW_TAPS_3(r2, r8, r7, r6) FORGE_DW_LAST_2(r3, r8, r7) FORGE_DW_LAST_1(lr, r8)
#define FORGE_DW_UPPER_1_6                                                                  \
  FORGE_DW_UPPER_TILE_3 FORGE_DW_UPPER_1_BEGIN_3                                            \
  FORGE_DW_TILE(r2, 64) FORGE_DW_TILE(r3, 96) FORGE_DW_TILE(lr, 112)                        \
  FORGE_DW_TAPS_3(r2, r7, r6, r5) FORGE_DW_TAPS_3(r3, r8, r7, r6) FORGE_DW_TAPS_3(lr, r9, r8, r7) \
  FORGE_DW_TILE(r2, 144) FORGE_DW_TILE(r3, 160) FORGE_DW_LAST_2(r2, r9, r8) FORGE_DW_LAST_1(r3, r9)

/* Of one to six windows two columns apart: each begins with a record. */
#define FORGE_DW_LOWER_2_BEGIN_2(from) \
  FORGE_DW_LOWER_EVEN(from, r4, r2, r3) FORGE_DW_LOWER_EVEN(from, r5, r3, lr)
#define FORGE_DW_LOWER_2_BEGIN_3(from) \
  FORGE_DW_LOWER_TILE_4 FORGE_DW_LOWER_2_BEGIN_2(from) FORGE_DW_LOWER_EVEN(from, r6, lr, r9)
#define FORGE_DW_LOWER_2_1(from) FORGE_DW_LOWER_1_1(from)
#define FORGE_DW_LOWER_2_2(from) FORGE_DW_LOWER_TILE_3 FORGE_DW_LOWER_2_BEGIN_2(from)
#define FORGE_DW_LOWER_2_3(from) FORGE_DW_LOWER_2_BEGIN_3(from)
#define FORGE_DW_LOWER_2_4(from) \
  FORGE_DW_LOWER_2_BEGIN_3(from) FORGE_DW_TILE(r2, 224) FORGE_DW_LOWER_EVEN(from, r7, r9, r2)
#define FORGE_DW_LOWER_2_5(from)                                                            \
  FORGE_DW_LOWER_2_BEGIN_3(from) FORGE_DW_TILE(r2, 224) FORGE_DW_TILE(r3, 272)              \
  FORGE_DW_LOWER_EVEN(from, r7, r9, r2) FORGE_DW_LOWER_EVEN(from, r8, r2, r3)
#define FORGE_DW_LOWER_2_6(from)                                                            \
  FORGE_DW_LOWER_TILE_3 FORGE_DW_LOWER_2_BEGIN_2(from)                                      \
  FORGE_DW_TILE(r2, 176) FORGE_DW_TILE(r3, 224)                                             \
  FORGE_DW_LOWER_EVEN(from, r6, lr, r2) FORGE_DW_LOWER_EVEN(from, r7, r2, r3)               \
  FORGE_DW_TILE(lr, 272) FORGE_DW_TILE(r2, 320)                                             \
  FORGE_DW_LOWER_EVEN(from, r8, r3, lr) FORGE_DW_LOWER_EVEN(from, r9, lr, r2)

/* The column that two windows share is lr of the first one, r2 of the next. */
#define FORGE_DW_UPPER_2_1 FORGE_DW_UPPER_1_1
#define FORGE_DW_UPPER_2_NEXT(sum, second, third)                             \
  FORGE_DW_TILE(r3, second) FORGE_DW_TILE(r2, third) FORGE_DW_MAC(sum, lr, r10)     \
  FORGE_DW_MAC(sum, r3, r11) FORGE_DW_MAC(sum, r2, r12)
#define FORGE_DW_UPPER_2_OTHER(sum, second, third)                            \
  FORGE_DW_TILE(r3, second) FORGE_DW_TILE(lr, third) FORGE_DW_MAC(sum, r2, r10)     \
  FORGE_DW_MAC(sum, r3, r11) FORGE_DW_MAC(sum, lr, r12)
#define FORGE_DW_UPPER_2_2 FORGE_DW_UPPER_2_1 FORGE_DW_UPPER_2_NEXT(r5, 64, 96)
#define FORGE_DW_UPPER_2_3 FORGE_DW_UPPER_2_2 FORGE_DW_UPPER_2_OTHER(r6, 112, 144)
#define FORGE_DW_UPPER_2_4 FORGE_DW_UPPER_2_3 FORGE_DW_UPPER_2_NEXT(r7, 160, 192)
#define FORGE_DW_UPPER_2_5 FORGE_DW_UPPER_2_4 FORGE_DW_UPPER_2_OTHER(r8, 208, 240)
#define FORGE_DW_UPPER_2_6 FORGE_DW_UPPER_2_5 FORGE_DW_UPPER_2_NEXT(r9, 256, 288)

/* Sums to outputs, r3 bytes apart from r2 on. r10: multiplier, r11: offset, r12: shift. Halves below
 * zero are rounded away from it, or up. */
#define FORGE_DW_AWAY(sum)                               \
  "add lr, r11, " #sum ", asr #31\n"                     \
  "smmlar " #sum ", " #sum ", r10, lr\n"
#define FORGE_DW_UP(sum) "smmlar " #sum ", " #sum ", r10, r11\n"
#define FORGE_DW_OUTPUT(sum, rounded, place)             \
  rounded(sum) "asr " #sum ", " #sum ", r12\n"           \
  "ssat " #sum ", #8, " #sum "\n"                        \
  "strb " #sum ", [" place "]\n"
#define FORGE_DW_NEXT "add r2, r2, r3, lsl #1\n"
#define FORGE_DW_OUTPUTS_1(rounded) FORGE_DW_OUTPUT(r4, rounded, "r2")
#define FORGE_DW_OUTPUTS_2(rounded) \
  FORGE_DW_OUTPUTS_1(rounded) FORGE_DW_OUTPUT(r5, rounded, "r2, r3")
#define FORGE_DW_OUTPUTS_3(rounded) \
  FORGE_DW_OUTPUTS_2(rounded) FORGE_DW_NEXT FORGE_DW_OUTPUT(r6, rounded, "r2")
#define FORGE_DW_OUTPUTS_4(rounded) \
  FORGE_DW_OUTPUTS_3(rounded) FORGE_DW_OUTPUT(r7, rounded, "r2, r3")
#define FORGE_DW_OUTPUTS_5(rounded) \
  FORGE_DW_OUTPUTS_4(rounded) FORGE_DW_NEXT FORGE_DW_OUTPUT(r8, rounded, "r2")
#define FORGE_DW_OUTPUTS_6(rounded) \
  FORGE_DW_OUTPUTS_5(rounded) FORGE_DW_OUTPUT(r9, rounded, "r2, r3")

/* r0: tile, r1: filters. On the stack: output, step and, where r12 was, the filters' end. */
#define FORGE_DW_BLOCK(name, stride, pixels, rounded)                                          \
  FORGE_NAKED void name(                                                                       \
      FORGE_ARGUMENT const int16_t *tile, FORGE_ARGUMENT const int32_t *filters,               \
      FORGE_ARGUMENT int8_t *output, FORGE_ARGUMENT int step) {                                \
    __asm__(                                                                                   \
        "add r12, r1, #128\n"                                                                  \
        "push {r2-r12, lr}\n"                                                                  \
        "1:\n"                                                                                 \
        FORGE_DW_WEIGHTS_3 FORGE_DW_LOWER_##stride##_##pixels(FORGE_DW_BIAS)                   \
        FORGE_DW_WEIGHTS_3 FORGE_DW_UPPER_##stride##_##pixels                                  \
        "ldr r12, [r1, #-20]\n"                                                                \
        "ldr r11, [r1, #4]\n"                                                                  \
        "ldr r10, [r1], #8\n"                                                                  \
        "ldr r2, [sp]\n"                                                                       \
        "ldr r3, [sp, #4]\n"                                                                   \
        "add lr, r2, #1\n"                                                                     \
        "str lr, [sp]\n" FORGE_DW_OUTPUTS_##pixels(rounded)                                    \
        "adds r0, r0, #4\n"                                                                    \
        "ldr lr, [sp, #40]\n"                                                                  \
        "cmp r1, lr\n"                                                                         \
        "bne.w 1b\n"                                                                           \
        "pop {r2-r12, pc}\n");                                                                 \
  }

/* The same of one channel of three more, the next of the tile. */
#define FORGE_DW_MORE(stride, pixels)                                                          \
  "adds r0, r0, #4\n"                                                                          \
  FORGE_DW_WEIGHTS_2 FORGE_DW_LOWER_##stride##_##pixels(FORGE_DW_SUM)                          \
  FORGE_DW_WEIGHTS_3 FORGE_DW_UPPER_##stride##_##pixels

/* Of the tile's first three channels together, for each of four filters. */
#define FORGE_DW_TRIPLE(name, stride, pixels, rounded)                                         \
  FORGE_NAKED void name(                                                                       \
      FORGE_ARGUMENT const int16_t *tile, FORGE_ARGUMENT const int32_t *filters,               \
      FORGE_ARGUMENT int8_t *output, FORGE_ARGUMENT int step) {                                \
    __asm__(                                                                                   \
        "add r12, r1, #288\n"                                                                  \
        "push {r2-r12, lr}\n"                                                                  \
        "1:\n"                                                                                 \
        FORGE_DW_WEIGHTS_3 FORGE_DW_LOWER_##stride##_##pixels(FORGE_DW_BIAS)                   \
        FORGE_DW_WEIGHTS_3 FORGE_DW_UPPER_##stride##_##pixels                                  \
        FORGE_DW_MORE(stride, pixels)                                                          \
        FORGE_DW_MORE(stride, pixels)                                                          \
        "ldr r12, [r1, #-60]\n"                                                                \
        "ldr r11, [r1, #4]\n"                                                                  \
        "ldr r10, [r1], #8\n"                                                                  \
        "ldr r2, [sp]\n"                                                                       \
        "ldr r3, [sp, #4]\n"                                                                   \
        "add lr, r2, #1\n"                                                                     \
        "str lr, [sp]\n" FORGE_DW_OUTPUTS_##pixels(rounded)                                    \
        "subs r0, r0, #8\n"                                                                    \
        "ldr lr, [sp, #40]\n"                                                                  \
        "cmp r1, lr\n"                                                                         \
        "bne.w 1b\n"                                                                           \
        "pop {r2-r12, pc}\n");                                                                 \
  }

/* Blocks of every size, for a stride and a rounding, and the function that picks one. */
#define FORGE_DW_CASE(name, pixels) \
  case pixels: name##_##pixels(tile, filters, output, step); break;
#define FORGE_DW_BLOCKS(block, name, stride, rounded)                                          \
  block(name##_1, stride, 1, rounded)                                                          \
  block(name##_2, stride, 2, rounded)                                                          \
  block(name##_3, stride, 3, rounded)                                                          \
  block(name##_4, stride, 4, rounded)                                                          \
  block(name##_5, stride, 5, rounded)                                                          \
  block(name##_6, stride, 6, rounded)                                                          \
  FORGE_INLINE void name(int pixels, const int16_t *tile, const int32_t *filters,              \
                         int8_t *output, int step) {                                           \
    switch (pixels) {                                                                          \
      FORGE_DW_CASE(name, 1)                                                                   \
      FORGE_DW_CASE(name, 2)                                                                   \
      FORGE_DW_CASE(name, 3)                                                                   \
      FORGE_DW_CASE(name, 4)                                                                   \
      FORGE_DW_CASE(name, 5)                                                                   \
      FORGE_DW_CASE(name, 6)                                                                   \
      default: break;                                                                          \
    }                                                                                          \
  }

FORGE_DW_BLOCKS(FORGE_DW_BLOCK, forge_depthwise_block_1, 1, FORGE_DW_UP)
FORGE_DW_BLOCKS(FORGE_DW_BLOCK, forge_depthwise_block_1_away, 1, FORGE_DW_AWAY)
FORGE_DW_BLOCKS(FORGE_DW_BLOCK, forge_depthwise_block_2, 2, FORGE_DW_UP)
FORGE_DW_BLOCKS(FORGE_DW_BLOCK, forge_depthwise_block_2_away, 2, FORGE_DW_AWAY)
FORGE_DW_BLOCKS(FORGE_DW_TRIPLE, forge_triple_block_1, 1, FORGE_DW_UP)
FORGE_DW_BLOCKS(FORGE_DW_TRIPLE, forge_triple_block_1_away, 1, FORGE_DW_AWAY)
FORGE_DW_BLOCKS(FORGE_DW_TRIPLE, forge_triple_block_2, 2, FORGE_DW_UP)
FORGE_DW_BLOCKS(FORGE_DW_TRIPLE, forge_triple_block_2_away, 2, FORGE_DW_AWAY)

/* As in depthwise_3x3.h. */
FORGE_INLINE void forge_depthwise_block(int inputs, int stride, int away, int pixels,
                                        const int16_t *tile, const int32_t *filters,
                                        int8_t *output, int step) {
  if (inputs == 1 && stride == 1) {
    if (away) forge_depthwise_block_1_away(pixels, tile, filters, output, step);
    else forge_depthwise_block_1(pixels, tile, filters, output, step);
  } else if (inputs == 1) {
    if (away) forge_depthwise_block_2_away(pixels, tile, filters, output, step);
    else forge_depthwise_block_2(pixels, tile, filters, output, step);
  } else if (stride == 1) {
    if (away) forge_triple_block_1_away(pixels, tile, filters, output, step);
    else forge_triple_block_1(pixels, tile, filters, output, step);
  } else {
    if (away) forge_triple_block_2_away(pixels, tile, filters, output, step);
    else forge_triple_block_2(pixels, tile, filters, output, step);
  }
}

#endif

/* winograd.h for cores that multiply and add two pairs of int16 at once: Cortex-M4, M7, M33, M55. */
#ifndef FORGE_KERNELS_WINOGRAD_DSP_H
#define FORGE_KERNELS_WINOGRAD_DSP_H

#include "kernels/four_bytes.h"

FORGE_INLINE uint32_t forge_winograd_add(uint32_t a, uint32_t b) {
  uint32_t sum;
  __asm__("sadd16 %0, %1, %2" : "=r"(sum) : "r"(a), "r"(b) : "cc");
  return sum;
}

FORGE_INLINE uint32_t forge_winograd_subtract(uint32_t a, uint32_t b) {
  uint32_t difference;
  __asm__("ssub16 %0, %1, %2" : "=r"(difference) : "r"(a), "r"(b) : "cc");
  return difference;
}

FORGE_INLINE uint32_t forge_winograd_pair(const int8_t *input, int odd) {
  const uint32_t bytes = forge_load_4(input);
  uint32_t pair;
  if (odd) {
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
  } else {
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(bytes));
  }
  return pair;
}

/* Of both tiles, and of two channels' weights: loads of a word each, side by side, take a cycle less
 * than as many words at once. */
#define FORGE_WINOGRAD_QUAD   \
  "ldr.n r3, [r0, #4]\n"      \
  "ldr.n r4, [r0, #8]\n"      \
  "ldr.n r5, [r0, #12]\n"     \
  "ldr.w r2, [r0], #16\n"     \
  "ldr.n r7, [r1, #4]\n"      \
  "ldr.w r8, [r1, #8]\n"      \
  "ldr.w r9, [r1, #12]\n"     \
  "ldr.w r6, [r1], #16\n"

/* Of each place the first quad, then those that are left, unrolled and entered at the first that is
 * needed; up to 17 without a look at where they end. All layers share them. r0: tile, r1: stream,
 * r2-r5: inputs, r6-r9: weights, r10, r11: the first channel's sums of both tiles, r12, lr: the
 * second's. On the stack: where sums go and end, where the quads are entered, where they end, and
 * bytes of a place's. */
#define FORGE_WINOGRAD_PRODUCTS(name, times, ended, next)                                         \
  FORGE_SHARED void name(const uint32_t *tile, const int32_t *stream, int quads, uint32_t *sums,  \
                         const uint32_t *end) {                                                   \
    /* One register is all that compilers have to spare where they do not optimize. */            \
    const struct {                                                                                \
      const uint32_t *tile;                                                                       \
      const int32_t *stream;                                                                      \
      int quads;                                                                                  \
      uint32_t *sums;                                                                             \
      const uint32_t *end;                                                                        \
    } job = {tile, stream, quads, sums, end};                                                     \
    __asm__ volatile(                                                                             \
        "push {r4-r11}\n"                                                                         \
        "ldmia %0, {r0-r4}\n"                                                                     \
        "rsbs r5, r2, #1\n"                                                                       \
        "and r5, r5, #" #times " - 1\n"                                                           \
        "cmp r2, #1\n"                                                                            \
        "it eq\n"                                                                                 \
        "moveq r5, #" #times "\n"                                                                 \
        "movs r6, #56\n"                                                                          \
        "muls r5, r6, r5\n"                                                                       \
        "adr.w r6, 2f\n"                                                                          \
        "adds r5, r5, r6\n"                                                                       \
        "orr r5, r5, #1\n"                                                                        \
        "lsls r7, r2, #4\n"                                                                       \
        "adds r6, r0, r7\n"                                                                       \
        "push {r3-r7}\n"                                                                          \
        "1:\n"                                                                                    \
        FORGE_WINOGRAD_QUAD                                                                       \
        "smuad r10, r2, r6\n"                                                                     \
        "smuad r11, r4, r6\n"                                                                     \
        "smuad r12, r2, r8\n"                                                                     \
        "smuad lr, r4, r8\n"                                                                      \
        "smlad r10, r3, r7, r10\n"                                                                \
        "smlad r11, r5, r7, r11\n"                                                                \
        "smlad r12, r3, r9, r12\n"                                                                \
        "smlad lr, r5, r9, lr\n"                                                                  \
        "ldr pc, [sp, #8]\n"                                                                      \
        ".balign 4\n"                                                                             \
        "2:\n"                                                                                    \
        ".rept " #times "\n"                                                                      \
        FORGE_WINOGRAD_QUAD                                                                       \
        "smlad r10, r2, r6, r10\n"                                                                \
        "smlad r11, r4, r6, r11\n"                                                                \
        "smlad r12, r2, r8, r12\n"                                                                \
        "smlad lr, r4, r8, lr\n"                                                                  \
        "smlad r10, r3, r7, r10\n"                                                                \
        "smlad r11, r5, r7, r11\n"                                                                \
        "smlad r12, r3, r9, r12\n"                                                                \
        "smlad lr, r5, r9, lr\n"                                                                  \
        ".endr\n" ended                                                                           \
        "ldrd r3, r4, [sp]\n" next                                                                \
        "stmia r3!, {r10-r12, lr}\n"                                                              \
        "str r3, [sp]\n"                                                                          \
        "cmp r3, r4\n"                                                                            \
        "bne.w 1b\n"                                                                              \
        "add sp, #20\n"                                                                           \
        "pop {r4-r11}\n"                                                                          \
        :                                                                                         \
        : "r"(&job)                                                                               \
        : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");                                   \
  }

FORGE_WINOGRAD_PRODUCTS(forge_winograd_few_products, 16, "", "")
FORGE_WINOGRAD_PRODUCTS(forge_winograd_many_products, 8,
                        "ldrd r5, r6, [sp, #12]\n"
                        "cmp r0, r5\n"
                        "bne 2b\n",
                        "adds r5, r5, r6\n"
                        "str r5, [sp, #12]\n")

FORGE_INLINE void forge_winograd_products(const uint32_t *tile, const int32_t *stream, int quads,
                                          uint32_t *sums, const uint32_t *end) {
  if (quads <= 17) {
    forge_winograd_few_products(tile, stream, quads, sums, end);
  } else {
    forge_winograd_many_products(tile, stream, quads, sums, end);
  }
}

#endif

/* depthwise_taps.h for cores that multiply and add two pairs of int16 at once: Cortex-M4, M7, M33, M55.
 * A firmware has each function at most once, and none that it does not call. */
#ifndef FORGE_KERNELS_DEPTHWISE_TAPS_DSP_H
#define FORGE_KERNELS_DEPTHWISE_TAPS_DSP_H

#include "kernels/naked.h"

#define FORGE_DT_AWAY(sum)                               \
  "add r11, r9, " #sum ", asr #31\n"                     \
  "smmlar " #sum ", " #sum ", r8, r11\n"
#define FORGE_DT_UP(sum) "smmlar " #sum ", " #sum ", r8, r9\n"
#define FORGE_DT_OUTPUT(sum, rounded, place)             \
  "ldmia r1!, {r8-r10}\n"                                \
  rounded(sum) "asr " #sum ", " #sum ", r10\n"           \
  "ssat " #sum ", #8, " #sum "\n"                        \
  "strb " #sum ", [r3, #" #place "]\n"

/* Channels [channel, end) of a pixel, four at a time. taps: where each tap has its first channel; NULL
 * behind the last two.
 *
 * r0: taps, r1: stream, r2: channel, r4-r7: sums. r8 and r9: where two taps are, what is there, then
 * with r10 to r12 pairs of both. On the stack: where the taps begin, end, and output. */
#define FORGE_DT_CHANNELS(name, rounded)                                                         \
  FORGE_NAKED void name(FORGE_ARGUMENT const int8_t *const *taps,                                \
                        FORGE_ARGUMENT const int32_t *stream, FORGE_ARGUMENT int channel,        \
                        FORGE_ARGUMENT int end, FORGE_ARGUMENT int8_t *output) {                 \
    __asm__(                                                                                     \
        "push {r0, r3, r4-r11, lr}\n"                                                            \
        "1:\n"                                                                                   \
        "ldr r0, [sp]\n"                                                                         \
        "ldmia r1!, {r4-r7}\n"                                                                   \
        "ldrd r8, r9, [r0], #8\n"                                                                \
        "2:\n"                                                                                   \
        "ldr r8, [r8, r2]\n"                                                                     \
        "ldr r9, [r9, r2]\n"                                                                     \
        "sxtb16 r10, r8\n"                                                                       \
        "sxtb16 r8, r8, ror #8\n"                                                                \
        "sxtb16 r11, r9\n"                                                                       \
        "sxtb16 r9, r9, ror #8\n"                                                                \
        "pkhbt r12, r10, r11, lsl #16\n"                                                         \
        "pkhtb r10, r11, r10, asr #16\n"                                                         \
        "pkhbt r11, r8, r9, lsl #16\n"                                                           \
        "pkhtb r9, r9, r8, asr #16\n"                                                            \
        "ldmia r1!, {r3, r8, lr}\n"                                                              \
        "smlad r4, r12, r3, r4\n"                                                                \
        "smlad r5, r11, r8, r5\n"                                                                \
        "smlad r6, r10, lr, r6\n"                                                                \
        "ldr r3, [r1], #4\n"                                                                     \
        "smlad r7, r9, r3, r7\n"                                                                 \
        "ldrd r8, r9, [r0], #8\n"                                                                \
        "cmp r8, #0\n"                                                                           \
        "bne 2b\n"                                                                               \
        "ldr r3, [sp, #44]\n"                                                                    \
        "add r3, r3, r2\n"                                                                       \
        FORGE_DT_OUTPUT(r4, rounded, 0) FORGE_DT_OUTPUT(r5, rounded, 1)                          \
        FORGE_DT_OUTPUT(r6, rounded, 2) FORGE_DT_OUTPUT(r7, rounded, 3)                          \
        "adds r2, r2, #4\n"                                                                      \
        "ldr r3, [sp, #4]\n"                                                                     \
        "cmp r2, r3\n"                                                                           \
        "blt 1b\n"                                                                               \
        "pop {r0, r3, r4-r11, pc}\n");                                                           \
  }

FORGE_DT_CHANNELS(forge_depthwise_taps_channels, FORGE_DT_UP)
FORGE_DT_CHANNELS(forge_depthwise_taps_channels_away, FORGE_DT_AWAY)

/* All channels of the window at input column left. tile: channels values of padding, then room for a
 * pointer to each tap and for three more. */
FORGE_INLINE void forge_depthwise_taps_pixel(const forge_depthwise_taps *c,
                                             const int8_t *const *rows, int left, int8_t *tile,
                                             int8_t *output) {
  const int count = c->window.kernel_height * c->window.kernel_width;
  const int whole = c->channels / 4 * 4;
  const int8_t **taps = (const int8_t **)(void *)(tile + (c->channels + 3) / 4 * 4);
  for (int tap = 0; tap < count; ++tap) {
    taps[tap] = forge_window_tap(&c->window, rows, left, tap, c->channels, tile);
  }
  if (count % 2) taps[count] = tile;
  taps[count + count % 2] = NULL;
  const int32_t *rest = c->filters + whole / 4 * forge_depthwise_taps_words(c);
  if (c->away) {
    forge_depthwise_taps_channels_away(taps, c->filters, 0, whole, output);
    if (whole < c->channels) {
      forge_depthwise_taps_channels_away(taps, rest, c->channels - 4, c->channels, output);
    }
  } else {
    forge_depthwise_taps_channels(taps, c->filters, 0, whole, output);
    if (whole < c->channels) {
      forge_depthwise_taps_channels(taps, rest, c->channels - 4, c->channels, output);
    }
  }
}

#endif

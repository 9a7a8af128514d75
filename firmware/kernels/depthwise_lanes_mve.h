/* depthwise_lanes.h in vectors of a Cortex-M55. A firmware has each function at most once, and none that
 * it does not call. */
#ifndef FORGE_KERNELS_DEPTHWISE_LANES_MVE_H
#define FORGE_KERNELS_DEPTHWISE_LANES_MVE_H

#include "kernels/naked.h"

/* What all pixels share. */
typedef struct {
  int pairs, zero_point;
} forge_lanes_job;

#define FORGE_LANES_UP(sum) ""
#define FORGE_LANES_AWAY(sum)                            \
  "vpt.s32 lt, " #sum ", zr\n"                           \
  "vaddt.i32 " #sum ", " #sum ", r6\n"
#define FORGE_LANES_SCALED(sum, rounded)                 \
  "vldrw.u32 q5, [r1, #64]\n"                            \
  "vldrw.u32 q4, [r1], #16\n"                            \
  "vqrdmulh.s32 " #sum ", " #sum ", q4\n"                \
  rounded(sum)                                           \
  "vrshl.s32 " #sum ", " #sum ", q5\n"

/* Channels [channel, end) of a pixel, 16 at a time. taps: where each has its first channel.
 *
 * r0: taps, r1: stream, r2: channel, r3: end; q0-q3: sums; r4, r5: two taps, r6: -1, r7: pairs, r8: zero
 * point, r9: output, r10: where the taps begin. */
#define FORGE_LANES_CHANNELS(name, rounded)                                                      \
  FORGE_NAKED void name(FORGE_ARGUMENT const int8_t *const *taps,                                \
                        FORGE_ARGUMENT const int32_t *stream, FORGE_ARGUMENT int channel,        \
                        FORGE_ARGUMENT int end, FORGE_ARGUMENT int8_t *output,                   \
                        FORGE_ARGUMENT const forge_lanes_job *job) {                             \
    __asm__(                                                                                     \
        "push {r4-r10, lr}\n"                                                                    \
        "vpush {d8-d15}\n"                                                                       \
        "ldrd r9, r4, [sp, #96]\n"                                                               \
        "ldrd r7, r8, [r4]\n"                                                                    \
        "mov r10, r0\n"                                                                          \
        "mov r6, #-1\n"                                                                          \
        "1:\n"                                                                                   \
        "vldrw.u32 q0, [r1], #16\n"                                                              \
        "vldrw.u32 q1, [r1], #16\n"                                                              \
        "vldrw.u32 q2, [r1], #16\n"                                                              \
        "vldrw.u32 q3, [r1], #16\n"                                                              \
        "mov r0, r10\n"                                                                          \
        "dls lr, r7\n"                                                                           \
        "2:\n"                                                                                   \
        "ldrd r4, r5, [r0], #8\n"                                                                \
        "add r4, r4, r2\n"                                                                       \
        "add r5, r5, r2\n"                                                                       \
        "vldrb.u8 q4, [r4]\n"                                                                    \
        "vldrb.u8 q5, [r1], #16\n"                                                               \
        "vmullb.s8 q6, q4, q5\n"                                                                 \
        "vmullt.s8 q7, q4, q5\n"                                                                 \
        "vldrb.u8 q4, [r5]\n"                                                                    \
        "vldrb.u8 q5, [r1], #16\n"                                                               \
        "vmullb.s8 q4, q4, q5\n"                                                                 \
        "vadd.i16 q6, q6, q4\n"                                                                  \
        "vldrb.u8 q4, [r5]\n"                                                                    \
        "vmullt.s8 q4, q4, q5\n"                                                                 \
        "vadd.i16 q7, q7, q4\n"                                                                  \
        "vmovlb.s16 q4, q6\n"                                                                    \
        "vmovlt.s16 q6, q6\n"                                                                    \
        "vmovlb.s16 q5, q7\n"                                                                    \
        "vmovlt.s16 q7, q7\n"                                                                    \
        "vadd.i32 q0, q0, q4\n"                                                                  \
        "vadd.i32 q1, q1, q6\n"                                                                  \
        "vadd.i32 q2, q2, q5\n"                                                                  \
        "vadd.i32 q3, q3, q7\n"                                                                  \
        "le lr, 2b\n"                                                                            \
        FORGE_LANES_SCALED(q0, rounded) FORGE_LANES_SCALED(q1, rounded)                          \
        FORGE_LANES_SCALED(q2, rounded) FORGE_LANES_SCALED(q3, rounded)                          \
        "adds r1, r1, #64\n"                                                                     \
        "vqmovnb.s32 q0, q0\n"                                                                   \
        "vqmovnt.s32 q0, q1\n"                                                                   \
        "vqmovnb.s32 q2, q2\n"                                                                   \
        "vqmovnt.s32 q2, q3\n"                                                                   \
        "vqadd.s16 q0, q0, r8\n"                                                                 \
        "vqadd.s16 q2, q2, r8\n"                                                                 \
        "vqmovnb.s16 q0, q0\n"                                                                   \
        "vqmovnt.s16 q0, q2\n"                                                                   \
        "add r4, r9, r2\n"                                                                       \
        "vstrb.8 q0, [r4]\n"                                                                     \
        "adds r2, r2, #16\n"                                                                     \
        "cmp r2, r3\n"                                                                           \
        "blt 1b\n"                                                                               \
        "vpop {d8-d15}\n"                                                                        \
        "pop {r4-r10, pc}\n");                                                                   \
  }

FORGE_LANES_CHANNELS(forge_lanes_channels, FORGE_LANES_UP)
FORGE_LANES_CHANNELS(forge_lanes_channels_away, FORGE_LANES_AWAY)

/* Sixteens of channels. */
FORGE_INLINE void forge_lanes_part(const int8_t *const *taps, const int32_t *stream, int channel,
                                   int end, int8_t *output, const forge_lanes_job *job, int away) {
  if (away) forge_lanes_channels_away(taps, stream, channel, end, output, job);
  if (!away) forge_lanes_channels(taps, stream, channel, end, output, job);
}

/* All channels of the window at input column left. tile: channels values of padding, then room for a
 * pointer to each tap, and to one more where they are odd. */
FORGE_INLINE void forge_lanes_pixel(const forge_depthwise_lanes *c, const int8_t *const *rows,
                                    int left, int8_t *tile, int8_t *output) {
  const forge_window *w = &c->window;
  const int count = w->kernel_height * w->kernel_width, whole = c->channels / 16 * 16;
  const int8_t **taps = (const int8_t **)(void *)(tile + (c->channels + 3) / 4 * 4);
  for (int tap = 0; tap < count; ++tap) {
    taps[tap] = forge_window_tap(w, rows, left, tap, c->channels, tile);
  }
  if (count % 2) taps[count] = tile;
  const forge_lanes_job job = {forge_lanes_pairs(w), c->output_zero_point};
  const int32_t *const rest = c->filters + whole / 16 * forge_lanes_words(w);
  forge_lanes_part(taps, c->filters, 0, whole, output, &job, c->away);
  if (whole < c->channels) {
    forge_lanes_part(taps, rest, c->channels - 16, c->channels, output, &job, c->away);
  }
}

#endif

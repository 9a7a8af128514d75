/* Sums over a picture's pixels, one a channel, row by row. */
#ifndef FORGE_KERNELS_ROW_SUMS_H
#define FORGE_KERNELS_ROW_SUMS_H

#include "kernels/four_bytes.h"
#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

/* So many values, each of a pixel: those of one channel. */
FORGE_INLINE int32_t forge_row_sum_1(const int8_t *row, int pixels, int channels) {
  int32_t sum = 0;
  for (int x = 0; x < pixels; ++x) sum += row[x * channels];
  return sum;
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)

/* Pixels whose sum surely fits int16. */
#define FORGE_ROW_SUM_PIXELS 256

/* To four channels' sums, those of a row. */
FORGE_INLINE void forge_row_sum_4(const int8_t *row, int pixels, int channels, int32_t sums[4]) {
  for (int x = 0; x < pixels;) {
    const int end = pixels - x < FORGE_ROW_SUM_PIXELS ? pixels : x + FORGE_ROW_SUM_PIXELS;
    forge_sums_4 four = {0};
#pragma GCC unroll 4
    for (; x < end; ++x) four = forge_add_4(four, forge_load_4(row + x * channels));
    for (int i = 0; i < 4; ++i) sums[i] += forge_sum_of_4(four, i);
  }
}

#else

FORGE_INLINE void forge_row_sum_4(const int8_t *row, int pixels, int channels, int32_t sums[4]) {
  for (int i = 0; i < 4; ++i) sums[i] += forge_row_sum_1(row + i, pixels, channels);
}

#endif

#if defined(__ARM_FEATURE_MVE)

/* To eight channels' sums, those of a row. The even ones and the odd ones are widened together. */
FORGE_INLINE void forge_row_sum_8(const int8_t *row, int pixels, int channels, int32_t sums[8]) {
  for (int x = 0; x < pixels;) {
    const int end = pixels - x < FORGE_ROW_SUM_PIXELS ? pixels : x + FORGE_ROW_SUM_PIXELS;
    int16x8_t eight = vdupq_n_s16(0);
    for (; x < end; ++x) eight = vaddq_s16(eight, vldrbq_s16(row + x * channels));
    int32x4x2_t all = vld2q_s32(sums);
    all.val[0] = vaddq_s32(all.val[0], vmovlbq_s16(eight));
    all.val[1] = vaddq_s32(all.val[1], vmovltq_s16(eight));
    vst2q_s32(sums, all);
  }
}

/* Returns how many channels it took: eights. */
FORGE_INLINE int forge_add_row_8(const int8_t *row, int pixels, int channels, int32_t *sums) {
  const int eights = channels / 8 * 8;
  for (int channel = 0; channel < eights; channel += 8) {
    forge_row_sum_8(row + channel, pixels, channels, sums + channel);
  }
  return eights;
}

#else

FORGE_INLINE int forge_add_row_8(const int8_t *row, int pixels, int channels, int32_t *sums) {
  (void)row, (void)pixels, (void)channels, (void)sums;
  return 0;
}

#endif

/* To all channels' sums, those of a row. */
FORGE_INLINE void forge_add_row(const int8_t *row, int pixels, int channels, int32_t *sums) {
  const int fours = channels / 4 * 4;
  for (int channel = forge_add_row_8(row, pixels, channels, sums); channel < fours; channel += 4) {
    forge_row_sum_4(row + channel, pixels, channels, sums + channel);
  }
  for (int channel = fours; channel < channels; ++channel) {
    sums[channel] += forge_row_sum_1(row + channel, pixels, channels);
  }
}

#endif

/* MAX_POOL_2D and AVERAGE_POOL_2D of int8 in vectors of a Cortex-M55, a channel a lane: 16 of them, or 8
 * where they are added up. Without vectors they are those of pool.h. */
#ifndef FORGE_KERNELS_POOL_LANES_H
#define FORGE_KERNELS_POOL_LANES_H

#include "kernels/four_bytes.h"
#include "kernels/pool.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_max_pool_2d_lanes_columns(const forge_pool_2d *c, const int8_t *const *rows,
                                                  int begin, int end, int8_t *output) {
  const forge_window *w = &c->window;
  const int whole = c->channels % 16 == 0;
  int8_t *to = output;
  for (int x = begin; x < end; ++x, to += c->channels) {
    const forge_place p = forge_window_place(w, rows, x);
    for (int channel = 0; channel < c->channels; channel += 16) {
      const mve_pred16_t some = vctp8q((uint32_t)(c->channels - channel));
      int8x16_t most = vdupq_n_s8(INT8_MIN);
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (p.rows[ky] == NULL) continue;
        const int8_t *from = forge_pool_row(c, &p, ky, channel);
        for (int kx = p.begin; kx < p.end; ++kx, from += c->channels) {
          most = vmaxq_s8(most, whole ? vldrbq_s8(from) : vldrbq_z_s8(from, some));
        }
      }
      vstrbq_p_s8(to + channel, most, some);
    }
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

/* Sums of eight channels: the even ones, the odd ones. */
typedef struct {
  int32x4_t even, odd;
} forge_sums_8;

FORGE_INLINE forge_sums_8 forge_add_8(forge_sums_8 sums, int16x8_t x) {
  sums.even = vaddq_s32(sums.even, vmovlbq_s16(x));
  sums.odd = vaddq_s32(sums.odd, vmovltq_s16(x));
  return sums;
}

/* Plus count times eight channels, or those of them that are there, of pixels of so many bytes. */
FORGE_INLINE int16x8_t forge_add_bytes_8(int16x8_t sum, const int8_t *from, int count, int step,
                                         mve_pred16_t some) {
  for (int i = 0; i < count; ++i, from += step) {
    sum = vaddq_s16(sum, step % 8 ? vldrbq_z_s16(from, some) : vldrbq_s16(from));
  }
  return sum;
}

/* forge_mean_by_inverse of pool_4.h, of up to 4080 values: what is divided is below 129 times as much, and
 * 2^31 times that much over. */
FORGE_INLINE int32x4_t forge_means_by_inverse(int32x4_t sums, int32_t half, uint32_t inverse) {
  const int32x4_t sign = vshrq_n_s32(sums, 31);
  const uint32x4_t magnitude = vreinterpretq_u32_s32(vaddq_n_s32(vabsq_s32(sums), half));
  const uint32x4_t mean = vmulhq_u32(vaddq_u32(magnitude, magnitude), vdupq_n_u32(inverse));
  return vsubq_s32(veorq_s32(vreinterpretq_s32_u32(mean), sign), sign);
}

FORGE_INLINE void forge_store_means_8(int8_t *output, forge_sums_8 sums, int32_t count,
                                      mve_pred16_t some) {
  const uint32_t inverse = 0x80000000u / (uint32_t)count + 1;
  const int32x4_t even = forge_means_by_inverse(sums.even, count / 2, inverse);
  const int32x4_t odd = forge_means_by_inverse(sums.odd, count / 2, inverse);
  vstrbq_p_s16(output, vmovntq_s32(vreinterpretq_s16_s32(even), odd), some);
}

/* The mean of what lies inside the image; a row of a window has at most 256 values, all of it 4080. */
FORGE_INLINE void forge_average_pool_2d_lanes_columns(const forge_pool_2d *c,
                                                      const int8_t *const *rows, int begin, int end,
                                                      int8_t *output) {
  const forge_window *w = &c->window;
  const int narrow = w->kernel_height * w->kernel_width <= 256;
  int8_t *to = output;
  for (int x = begin; x < end; ++x, to += c->channels) {
    const forge_place p = forge_window_place(w, rows, x);
    int32_t count = 0;
    for (int ky = 0; ky < w->kernel_height; ++ky) count += p.rows[ky] ? p.end - p.begin : 0;
    for (int channel = 0; channel < c->channels; channel += 8) {
      const mve_pred16_t some = vctp16q((uint32_t)(c->channels - channel));
      forge_sums_8 sums = {vdupq_n_s32(0), vdupq_n_s32(0)};
      int16x8_t sum = vdupq_n_s16(0);
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (p.rows[ky] == NULL) continue;
        const int8_t *from = forge_pool_row(c, &p, ky, channel);
        sum = forge_add_bytes_8(sum, from, p.end - p.begin, c->channels, some);
        if (narrow) continue;
        sums = forge_add_8(sums, sum);
        sum = vdupq_n_s16(0);
      }
      forge_store_means_8(to + channel, forge_add_8(sums, sum), count, some);
    }
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

#else

FORGE_INLINE void forge_max_pool_2d_lanes_columns(const forge_pool_2d *c, const int8_t *const *rows,
                                                  int begin, int end, int8_t *output) {
  forge_max_pool_2d_columns(c, rows, begin, end, output);
}

FORGE_INLINE void forge_average_pool_2d_lanes_columns(const forge_pool_2d *c,
                                                      const int8_t *const *rows, int begin, int end,
                                                      int8_t *output) {
  forge_average_pool_2d_columns(c, rows, begin, end, output);
}

#endif

#endif

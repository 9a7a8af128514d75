/* MAX_POOL_2D and AVERAGE_POOL_2D of int8, four channels at a time: at least four. The last four may
 * have been computed in part. */
#ifndef FORGE_KERNELS_POOL_4_H
#define FORGE_KERNELS_POOL_4_H

#include "kernels/four_bytes.h"
#include "kernels/pool.h"

/* Where the next four channels begin. */
FORGE_INLINE int forge_pool_4_channel(const forge_pool_2d *c, int next) {
  return next + 4 <= c->channels ? next : c->channels - 4;
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_max_pool_2d_4_columns(const forge_pool_2d *c, const int8_t *const *rows,
                                              int begin, int end, int8_t *output) {
  const forge_window *w = &c->window;
  int8_t *to = output;
  for (int x = begin; x < end; ++x, to += c->channels) {
    const forge_place p = forge_window_place(w, rows, x);
    for (int next = 0; next < c->channels; next += 4) {
      const int channel = forge_pool_4_channel(c, next);
      uint32_t most = 0x80808080u;
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (p.rows[ky] == NULL) continue;
        const int8_t *from = forge_pool_row(c, &p, ky, channel);
        for (int kx = p.begin; kx < p.end; ++kx, from += c->channels) {
          most = forge_max_4(most, forge_load_4(from));
        }
      }
      forge_store_4(to + channel, most);
    }
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

/* forge_rounded_mean of up to 256 values, by multiplication: inverse is 2^31 / count, rounded down, plus
 * 1. That is too much by at most count / 2^31 of the quotient of a number below 2^16: not enough to
 * reach the next whole number. */
FORGE_INLINE int8_t forge_mean_by_inverse(int32_t sum, uint32_t half, uint32_t inverse) {
  const uint32_t sign = (uint32_t)(sum >> 31);
  const uint32_t magnitude = (((uint32_t)sum ^ sign) - sign) + half;
  const uint32_t mean = (uint32_t)((uint64_t)(2 * magnitude) * inverse >> 32);
  return (int8_t)((mean ^ sign) - sign);
}

/* The mean of what lies inside the image, which is at most 256 values; columns [begin, end) of an
 * output row. */
FORGE_INLINE void forge_average_pool_2d_4_columns(const forge_pool_2d *c, const int8_t *const *rows,
                                                  int begin, int end, int8_t *output) {
  const forge_window *w = &c->window;
  int8_t *to = output;
  for (int x = begin; x < end; ++x, to += c->channels) {
    const forge_place p = forge_window_place(w, rows, x);
    uint32_t count = 0;
    for (int ky = 0; ky < w->kernel_height; ++ky) {
      count += p.rows[ky] ? (uint32_t)(p.end - p.begin) : 0;
    }
    const uint32_t inverse = 0x80000000u / count + 1;
    for (int next = 0; next < c->channels; next += 4) {
      const int channel = forge_pool_4_channel(c, next);
      forge_sums_4 sums = {0};
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (p.rows[ky] == NULL) continue;
        const int8_t *from = forge_pool_row(c, &p, ky, channel);
        for (int kx = p.begin; kx < p.end; ++kx, from += c->channels) {
          sums = forge_add_4(sums, forge_load_4(from));
        }
      }
      int8_t *four = to + channel;
      four[0] = forge_mean_by_inverse(forge_sum_of_4(sums, 0), count / 2, inverse);
      four[1] = forge_mean_by_inverse(forge_sum_of_4(sums, 1), count / 2, inverse);
      four[2] = forge_mean_by_inverse(forge_sum_of_4(sums, 2), count / 2, inverse);
      four[3] = forge_mean_by_inverse(forge_sum_of_4(sums, 3), count / 2, inverse);
    }
  }
  forge_clamp_bytes(output, (end - begin) * c->channels, c->activation_min, c->activation_max);
}

#endif

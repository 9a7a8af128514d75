/* MAX_POOL_2D and AVERAGE_POOL_2D of 16-bit values. Padding takes no part. */
#ifndef FORGE_KERNELS_POOL_INT16_H
#define FORGE_KERNELS_POOL_INT16_H

#include "kernels/int16.h"
#include "kernels/pool.h"

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_max_pool_2d_i16_columns(const forge_pool_2d *c, const int8_t *const *rows,
                                                int begin, int end, int8_t *bytes) {
  const forge_window *w = &c->window;
  forge_i16 *output = forge_output_i16(bytes);
  for (int x = begin; x < end; ++x) {
    const forge_place p = forge_window_place(w, rows, x);
    for (int channel = 0; channel < c->channels; ++channel) {
      int32_t most = INT16_MIN;
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (p.rows[ky] == NULL) continue;
        const forge_i16 *row = forge_values_i16(p.rows[ky]) + channel;
        for (int kx = p.begin; kx < p.end; ++kx) {
          const int32_t value = row[(p.left + kx) * c->channels];
          if (value > most) most = value;
        }
      }
      *output++ = forge_clamp_i16(most, c->activation_min, c->activation_max);
    }
  }
}

FORGE_INLINE int16_t forge_average_i16(const forge_pool_2d *c, int32_t sum, int32_t count) {
  return forge_clamp_i16(forge_rounded_mean(sum, count), c->activation_min, c->activation_max);
}

/* The mean of what lies inside the image; columns [begin, end) of an output row. */
FORGE_INLINE void forge_average_pool_2d_i16_columns(const forge_pool_2d *c,
                                                    const int8_t *const *rows, int begin, int end,
                                                    int8_t *bytes) {
  const forge_window *w = &c->window;
  forge_i16 *output = forge_output_i16(bytes);
  for (int x = begin; x < end; ++x) {
    const forge_place p = forge_window_place(w, rows, x);
    for (int channel = 0; channel < c->channels; ++channel) {
      int32_t sum = 0;
      int32_t count = 0;
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (p.rows[ky] == NULL) continue;
        const forge_i16 *row = forge_values_i16(p.rows[ky]) + channel;
        for (int kx = p.begin; kx < p.end; ++kx) sum += row[(p.left + kx) * c->channels];
        count += p.end - p.begin;
      }
      *output++ = forge_average_i16(c, sum, count);
    }
  }
}

/* An average over the whole image, for input row y as it is made. sums: one a channel. */
FORGE_INLINE void forge_average_pool_2d_i16_accumulate(const forge_pool_2d *c, int y,
                                                       const int8_t *input, int32_t *sums,
                                                       int8_t *output) {
  const forge_window *w = &c->window;
  for (int channel = 0; channel < c->channels; ++channel) {
    const forge_i16 *values = forge_values_i16(input) + channel;
    int32_t sum = y == 0 ? 0 : sums[channel];
    for (int x = 0; x < w->input_width; ++x) sum += values[x * c->channels];
    sums[channel] = sum;
    if (y == w->input_height - 1) {
      forge_output_i16(output)[channel] =
          forge_average_i16(c, sum, w->input_height * w->input_width);
    }
  }
}

#endif

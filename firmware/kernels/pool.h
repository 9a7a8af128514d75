/* MAX_POOL_2D and AVERAGE_POOL_2D: one value a channel from each window. Padding takes no part. */
#ifndef FORGE_KERNELS_POOL_H
#define FORGE_KERNELS_POOL_H

#include "kernels/row_sums.h"
#include "kernels/window.h"

typedef struct {
  forge_window window;
  int channels;
  int activation_min, activation_max;
} forge_pool_2d;

/* Where a window has a channel in one of its rows, of its first column inside the image. */
FORGE_INLINE const int8_t *forge_pool_row(const forge_pool_2d *c, const forge_place *p, int ky,
                                          int channel) {
  return p->rows[ky] + (p->left + p->begin) * c->channels + channel;
}

/* Columns [begin, end) of an output row. */
FORGE_INLINE void forge_max_pool_2d_columns(const forge_pool_2d *c, const int8_t *const *rows,
                                            int begin, int end, int8_t *output) {
  const forge_window *w = &c->window;
  for (int x = begin; x < end; ++x) {
    const forge_place p = forge_window_place(w, rows, x);
    for (int channel = 0; channel < c->channels; ++channel) {
      int32_t most = INT8_MIN;
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (p.rows[ky] == NULL) continue;
        for (int kx = p.begin; kx < p.end; ++kx) {
          const int32_t value = p.rows[ky][(p.left + kx) * c->channels + channel];
          if (value > most) most = value;
        }
      }
      *output++ = forge_clamp(most, c->activation_min, c->activation_max);
    }
  }
}

/* Halves are rounded away from zero. */
FORGE_INLINE int32_t forge_rounded_mean(int32_t sum, int32_t count) {
  const int32_t half = sum > 0 ? count / 2 : -(count / 2);
  return (sum + half) / count;
}

FORGE_INLINE int8_t forge_average(const forge_pool_2d *c, int32_t sum, int32_t count) {
  return forge_clamp(forge_rounded_mean(sum, count), c->activation_min, c->activation_max);
}

/* The mean of what lies inside the image; columns [begin, end) of an output row. */
FORGE_INLINE void forge_average_pool_2d_columns(const forge_pool_2d *c, const int8_t *const *rows,
                                                int begin, int end, int8_t *output) {
  const forge_window *w = &c->window;
  for (int x = begin; x < end; ++x) {
    const forge_place p = forge_window_place(w, rows, x);
    for (int channel = 0; channel < c->channels; ++channel) {
      int32_t sum = 0;
      int32_t count = 0;
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (p.rows[ky] == NULL) continue;
        for (int kx = p.begin; kx < p.end; ++kx) {
          sum += p.rows[ky][(p.left + kx) * c->channels + channel];
        }
        count += p.end - p.begin;
      }
      *output++ = forge_average(c, sum, count);
    }
  }
}

/* An average over the whole image, for input row y as it is made. sums: one a channel. */
FORGE_INLINE void forge_average_pool_2d_accumulate(const forge_pool_2d *c, int y,
                                                   const int8_t *input, int32_t *sums,
                                                   int8_t *output) {
  const forge_window *w = &c->window;
  if (y == 0) {
    for (int channel = 0; channel < c->channels; ++channel) sums[channel] = 0;
  }
  forge_add_row(input, w->input_width, c->channels, sums);
  if (y < w->input_height - 1) return;
  for (int channel = 0; channel < c->channels; ++channel) {
    output[channel] = forge_average(c, sums[channel], w->input_height * w->input_width);
  }
}

#endif

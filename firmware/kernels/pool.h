/* MAX_POOL_2D and AVERAGE_POOL_2D: one value a channel from each window. Padding takes no part. */
#ifndef FORGE_KERNELS_POOL_H
#define FORGE_KERNELS_POOL_H

#include "kernels/window.h"

typedef struct {
  forge_window window;
  int channels;
  int activation_min, activation_max;
} forge_pool_2d;

FORGE_INLINE void forge_max_pool_2d_row(const forge_pool_2d *c, const int8_t *const *rows,
                                        int8_t *output) {
  const forge_window *w = &c->window;
  for (int x = 0; x < w->output_width; ++x) {
    const int left = forge_window_left(w, x);
    const int begin = forge_window_begin(w, left);
    const int end = forge_window_end(w, left);
    for (int channel = 0; channel < c->channels; ++channel) {
      int32_t most = INT8_MIN;
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (rows[ky] == NULL) continue;
        for (int kx = begin; kx < end; ++kx) {
          const int32_t value = rows[ky][(left + kx) * c->channels + channel];
          if (value > most) most = value;
        }
      }
      *output++ = forge_clamp(most, c->activation_min, c->activation_max);
    }
  }
}

/* The mean of what lies inside the image, halves rounded away from zero. */
FORGE_INLINE void forge_average_pool_2d_row(const forge_pool_2d *c, const int8_t *const *rows,
                                            int8_t *output) {
  const forge_window *w = &c->window;
  for (int x = 0; x < w->output_width; ++x) {
    const int left = forge_window_left(w, x);
    const int begin = forge_window_begin(w, left);
    const int end = forge_window_end(w, left);
    for (int channel = 0; channel < c->channels; ++channel) {
      int32_t sum = 0;
      int32_t count = 0;
      for (int ky = 0; ky < w->kernel_height; ++ky) {
        if (rows[ky] == NULL) continue;
        for (int kx = begin; kx < end; ++kx) {
          sum += rows[ky][(left + kx) * c->channels + channel];
        }
        count += end - begin;
      }
      const int32_t half = sum > 0 ? count / 2 : -(count / 2);
      *output++ = forge_clamp((sum + half) / count, c->activation_min, c->activation_max);
    }
  }
}

/* The whole tensor, by either row function. rows: room for kernel_height pointers. */
#define FORGE_POOL_2D_RUN(name)                                                             \
  FORGE_INLINE void name##_run(const forge_pool_2d *c, const int8_t **rows,                 \
                               const int8_t *input, int8_t *output) {                       \
    const forge_window *w = &c->window;                                                     \
    for (int y = 0; y < w->output_height; ++y, output += w->output_width * c->channels) {   \
      forge_window_rows(w, y, input, w->input_width * c->channels, rows);                   \
      name##_row(c, rows, output);                                                          \
    }                                                                                       \
  }

FORGE_POOL_2D_RUN(forge_max_pool_2d)
FORGE_POOL_2D_RUN(forge_average_pool_2d)

#undef FORGE_POOL_2D_RUN

#endif

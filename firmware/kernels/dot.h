/* Dot products of int8 inputs and weights, for one channel and for four. */
#ifndef FORGE_KERNELS_DOT_H
#define FORGE_KERNELS_DOT_H

#include "kernels/fixed_point.h"

#if defined(__ARM_FEATURE_MVE)
#include "kernels/dot_mve.h"
#elif defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/dot_dsp.h"
#else

/* Of so many channels, whose weights lie step bytes apart, what comes before the last few inputs;
 * returns how many inputs that were. */
FORGE_INLINE int forge_dot_fours(int32_t *acc, int channels, const int8_t *x, const int8_t *w,
                                 int step, int size, int zero_point) {
  (void)acc, (void)channels, (void)x, (void)w, (void)step, (void)size, (void)zero_point;
  return 0;
}

#endif

/* acc += sum of (x[i] - zero_point) * w[i]. */
FORGE_INLINE int32_t forge_dot(int32_t acc, const int8_t *x, const int8_t *w, int size,
                               int zero_point) {
  int i = forge_dot_fours(&acc, 1, x, w, 0, size, zero_point);
  for (; i < size; ++i) acc += (x[i] - zero_point) * w[i];
  return acc;
}

#ifdef __ARM_ARCH_6M__
/* The same for two channels whose weights lie step bytes apart: as many as a Cortex-M0+ has registers
 * for, which reaches all three by one index. */
FORGE_INLINE void forge_dot_2(int32_t acc[2], const int8_t *x, const int8_t *w, int step, int size,
                              int zero_point) {
  const int8_t *const first = w + size, *const second = w + step + size, *const end = x + size;
  int32_t one = acc[0], other = acc[1];
  for (int i = -size; i < 0; ++i) {
    const int32_t value = end[i] - zero_point;
    one += value * first[i];
    other += value * second[i];
  }
  acc[0] = one;
  acc[1] = other;
}
#endif

/* The same for four channels whose weights lie step bytes apart: every x is loaded once for all. */
FORGE_INLINE void forge_dot_4(int32_t acc[4], const int8_t *x, const int8_t *w, int step, int size,
                              int zero_point) {
#ifdef __ARM_ARCH_6M__
  forge_dot_2(acc, x, w, step, size, zero_point);
  forge_dot_2(acc + 2, x, w + 2 * step, step, size, zero_point);
#else
  int i = forge_dot_fours(acc, 4, x, w, step, size, zero_point);
  for (; i < size; ++i) {
    const int32_t value = x[i] - zero_point;
    acc[0] += value * w[i];
    acc[1] += value * w[i + step];
    acc[2] += value * w[i + 2 * step];
    acc[3] += value * w[i + 3 * step];
  }
#endif
}

#endif

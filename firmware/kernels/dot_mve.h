/* dot.h for cores with MVE: 16 values at a time, and what is left of them. What the zero point takes is
 * taken off at the end, by the sum of weights. */
#ifndef FORGE_KERNELS_DOT_MVE_H
#define FORGE_KERNELS_DOT_MVE_H

#include "kernels/fixed_point.h"

/* One channel. Sums are in even registers. */
FORGE_INLINE int32_t forge_dot_mve(int32_t acc, const int8_t *x, const int8_t *w, int size,
                                   int zero_point) {
  int32_t weights = 0;
  __asm__ volatile(
      "wlstp.8 lr, %4, 2f\n"
      "1:\n"
      "vldrb.u8 q0, [%2], #16\n"
      "vldrb.u8 q1, [%3], #16\n"
      "vmladava.s8 %0, q0, q1\n"
      "vaddva.s8 %1, q1\n"
      "letp lr, 1b\n"
      "2:\n"
      : "+&Te"(acc), "+&Te"(weights), "+&r"(x), "+&r"(w)
      : "r"(size)
      : "lr", "q0", "q1", "memory");
  return acc - zero_point * weights;
}

/* Two channels, whose weights lie step bytes apart. */
FORGE_INLINE void forge_dot_2_mve(int32_t acc[2], const int8_t *x, const int8_t *w, int step,
                                  int size, int zero_point) {
  const int8_t *other = w + step;
  int32_t first = acc[0], second = acc[1], weights = 0, others = 0;
  __asm__ volatile(
      "wlstp.8 lr, %7, 2f\n"
      "1:\n"
      "vldrb.u8 q0, [%4], #16\n"
      "vldrb.u8 q1, [%5], #16\n"
      "vmladava.s8 %0, q0, q1\n"
      "vaddva.s8 %2, q1\n"
      "vldrb.u8 q2, [%6], #16\n"
      "vmladava.s8 %1, q0, q2\n"
      "vaddva.s8 %3, q2\n"
      "letp lr, 1b\n"
      "2:\n"
      : "+&Te"(first), "+&Te"(second), "+&Te"(weights), "+&Te"(others), "+&r"(x), "+&r"(w),
        "+&r"(other)
      : "r"(size)
      : "lr", "q0", "q1", "q2", "memory");
  acc[0] = first - zero_point * weights;
  acc[1] = second - zero_point * others;
}

/* As in dot.h: of one channel or four, all inputs. */
FORGE_INLINE int forge_dot_fours(int32_t *acc, int channels, const int8_t *x, const int8_t *w,
                                 int step, int size, int zero_point) {
  if (channels == 1) {
    *acc = forge_dot_mve(*acc, x, w, size, zero_point);
  } else {
    forge_dot_2_mve(acc, x, w, step, size, zero_point);
    forge_dot_2_mve(acc + 2, x, w + 2 * step, step, size, zero_point);
  }
  return size;
}

#endif

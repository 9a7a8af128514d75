/* Windows of an image copied one behind the other, by vectors: for cores with MVE. */
#ifndef FORGE_KERNELS_WINDOWS_MVE_H
#define FORGE_KERNELS_WINDOWS_MVE_H

#include "kernels/fixed_point.h"

/* A stretch of each row that is not NULL, from column on: height of them, at least one, of size bytes,
 * which come to lie step bytes apart. */
FORGE_INLINE void forge_copy_window_mve(int8_t *to, int step, const int8_t *const *rows, int height,
                                        int column, int size) {
  const int8_t *from;
  int8_t *at;
  __asm__ volatile(
      "1:\n"
      "ldr %3, [%1], #4\n"
      "cbz %3, 3f\n"
      "add %3, %3, %6\n"
      "mov %4, %0\n"
      "wlstp.8 lr, %7, 3f\n"
      "2:\n"
      "vldrb.u8 q0, [%3], #16\n"
      "vstrb.8 q0, [%4], #16\n"
      "letp lr, 2b\n"
      "3:\n"
      "add %0, %0, %5\n"
      "subs %2, %2, #1\n"
      "bne 1b\n"
      : "+&r"(to), "+&r"(rows), "+&r"(height), "=&l"(from), "=&r"(at)
      : "r"(step), "r"(column), "r"(size)
      : "lr", "q0", "cc", "memory");
}

/* The same of four windows, none of whose rows is NULL: stride bytes apart in the image, pitch bytes
 * apart where they come to lie. */
FORGE_INLINE void forge_copy_windows_mve(int8_t *to, int pitch, const int8_t *const *rows,
                                         int height, int column, int size, int stride) {
  const int moved = (size + 15) & ~15;
  const int8_t *from;
  __asm__ volatile(
      "1:\n"
      "ldr %3, [%1], #4\n"
      "add %3, %3, %4\n"
      ".rept 4\n"
      "wlstp.8 lr, %5, 3f\n"
      "2:\n"
      "vldrb.u8 q0, [%3], #16\n"
      "vstrb.8 q0, [%0], #16\n"
      "letp lr, 2b\n"
      "3:\n"
      "add %3, %3, %6\n"
      "add %0, %0, %7\n"
      ".endr\n"
      "add %0, %0, %8\n"
      "subs %2, %2, #1\n"
      "bne 1b\n"
      : "+&r"(to), "+&r"(rows), "+&r"(height), "=&r"(from)
      : "r"(column), "r"(size), "r"(stride - moved), "r"(pitch - moved), "r"(size - 4 * pitch)
      : "lr", "q0", "cc", "memory");
}

#endif

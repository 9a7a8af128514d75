/* Copies and fills by vectors of 16 bytes, as many as there are and a part of one: for cores with MVE.
 * Three instructions for 16 bytes, and one for all of them. */
#ifndef FORGE_KERNELS_BYTES_MVE_H
#define FORGE_KERNELS_BYTES_MVE_H

#include "kernels/fixed_point.h"

/* Returns where the copy ends. The two may not overlap. */
FORGE_INLINE int8_t *forge_copy_bytes_mve(int8_t *output, const int8_t *input, int count) {
  int8_t *to = output;
  __asm__ volatile(
      "wlstp.8 lr, %2, 2f\n"
      "1:\n"
      "vldrb.u8 q0, [%1], #16\n"
      "vstrb.8 q0, [%0], #16\n"
      "letp lr, 1b\n"
      "2:\n"
      : "+r"(to), "+r"(input)
      : "r"(count)
      : "lr", "q0", "memory");
  return output + count;
}

/* Returns where the filled bytes end. */
FORGE_INLINE int8_t *forge_fill_bytes_mve(int8_t *output, int value, int count) {
  int8_t *to = output;
  __asm__ volatile(
      "vdup.8 q0, %2\n"
      "wlstp.8 lr, %1, 2f\n"
      "1:\n"
      "vstrb.8 q0, [%0], #16\n"
      "letp lr, 1b\n"
      "2:\n"
      : "+r"(to)
      : "r"(count), "r"(value)
      : "lr", "q0", "memory");
  return output + count;
}

/* Clamps bytes in their place. */
FORGE_INLINE void forge_clamp_bytes_mve(int8_t *bytes, int count, int low, int high) {
  __asm__ volatile(
      "vdup.8 q1, %2\n"
      "vdup.8 q2, %3\n"
      "wlstp.8 lr, %1, 2f\n"
      "1:\n"
      "vldrb.u8 q0, [%0]\n"
      "vmax.s8 q0, q0, q1\n"
      "vmin.s8 q0, q0, q2\n"
      "vstrb.8 q0, [%0], #16\n"
      "letp lr, 1b\n"
      "2:\n"
      : "+r"(bytes)
      : "r"(count), "r"(low), "r"(high)
      : "lr", "q0", "q1", "q2", "memory");
}

#endif

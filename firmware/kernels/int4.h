/* 4-bit weights, two a byte, the first in the low half: they stay so in flash. */
#ifndef FORGE_KERNELS_INT4_H
#define FORGE_KERNELS_INT4_H

#include "kernels/requantize.h"

FORGE_INLINE int32_t forge_int4_low(uint8_t pair) { return (int8_t)(pair << 4) >> 4; }

FORGE_INLINE int32_t forge_int4_high(uint8_t pair) { return (int8_t)pair >> 4; }

/* Weight i. */
FORGE_INLINE int32_t forge_int4(const uint8_t *weights, int i) {
  return i % 2 ? forge_int4_high(weights[i / 2]) : forge_int4_low(weights[i / 2]);
}

/* acc += sum of (x[i] - zero_point) * weight first + i. */
FORGE_INLINE int32_t forge_dot_int4(int32_t acc, const int8_t *x, const uint8_t *weights,
                                    int first, int size, int zero_point) {
  int i = 0;
  if (first % 2 && size > 0) {
    acc += (x[0] - zero_point) * forge_int4_high(weights[first / 2]);
    i = 1;
  }
  for (; i + 2 <= size; i += 2) {
    const uint8_t pair = weights[(first + i) / 2];
    acc += (x[i] - zero_point) * forge_int4_low(pair);
    acc += (x[i + 1] - zero_point) * forge_int4_high(pair);
  }
  if (i < size) acc += (x[i] - zero_point) * forge_int4_low(weights[(first + i) / 2]);
  return acc;
}

#endif

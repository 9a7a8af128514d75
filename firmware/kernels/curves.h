/* Sigmoid and tanh of three times a Q3.12 number, as Q0.15. table: sigmoid(i / 24) as Q0.16, for i
 * of 0 to 255, between which they interpolate. */
#ifndef FORGE_KERNELS_CURVES_H
#define FORGE_KERNELS_CURVES_H

#include "kernels/fixed_point.h"

/* The table's function of x / 2^bits, times 2^bits; most beyond the table. x is not negative. */
FORGE_INLINE int32_t forge_interpolate(const uint16_t *table, int32_t x, int bits, int32_t most) {
  const int32_t i = x >> bits;
  if (i >= 255) return most << bits;
  return (table[i] << bits) + (x & ((1 << bits) - 1)) * (table[i + 1] - table[i]);
}

FORGE_INLINE int32_t forge_sigmoid(const uint16_t *table, int32_t x) {
  const int32_t value = forge_interpolate(table, x < 0 ? -x : x, 9, 65534);
  return (x < 0 ? (1 << 25) - value + 511 : value + 512) >> 10;
}

/* 2 * sigmoid(2 * x) - 1. */
FORGE_INLINE int32_t forge_tanh(const uint16_t *table, int32_t x) {
  const int32_t value = forge_interpolate(table, x < 0 ? -x : x, 8, 65535) - (1 << 23);
  return (x < 0 ? -value + 127 : value + 128) >> 8;
}

/* x * multiplier / 2^shift, halves up: what a curve takes of x. */
FORGE_INLINE int32_t forge_curve_scale(int32_t x, int32_t multiplier, int shift) {
  return (x * multiplier + ((1 << shift) >> 1)) >> shift;
}

#endif

/* Fixed-point arithmetic as TensorFlow Lite Micro does it: double rounding, int32.
 * Source: gemmlowp fixedpoint/fixedpoint.h. "Qn" is a signed 32-bit number with n integer bits.
 * Every function is a pure expression; >> on negative values is arithmetic on every compiler
 * this is built with. */
#ifndef FORGE_KERNELS_FIXED_POINT_H
#define FORGE_KERNELS_FIXED_POINT_H

#include <stdint.h>

/* Kernels are specialized for constant arguments: generality costs no time, but flash for every
 * layer. Compiled for size, layers share functions where the compiler sees fit: half the code, and a
 * third more instructions on a Cortex-M4. */
#ifdef __OPTIMIZE_SIZE__
#define FORGE_INLINE static inline
#else
#define FORGE_INLINE static inline __attribute__((always_inline))
#endif

/* One function for all layers: large, or rarely called. */
#ifdef __clang__
#define FORGE_SHARED static __attribute__((noinline, unused))
#else
#define FORGE_SHARED static __attribute__((noinline, noclone, unused))
#endif

/* a * b / 2^31, halves rounded up. Not for a = b = INT32_MIN, whose result does not fit. */
#ifdef __ARM_ARCH_6M__
/* From four products of halves, as this core has no wider ones; lower halves are signed, so that the
 * middle sum fits into 32 bits, whatever a and b. */
FORGE_INLINE int32_t forge_doubling_high_mul(int32_t a, int32_t b) {
  const int32_t a_low = (int16_t)a, a_high = (a >> 16) + (a_low < 0);
  const int32_t b_low = (int16_t)b, b_high = (b >> 16) + (b_low < 0);
  const uint32_t middle = (uint32_t)(a_low * b_low >> 16) + (uint32_t)(a_low * b_high) +
                          (uint32_t)(a_high * b_low) + (1u << 14);
  return (int32_t)((uint32_t)(a_high * b_high) * 2 + (uint32_t)((int32_t)middle >> 15));
}
#else
FORGE_INLINE int32_t forge_doubling_high_mul(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}
#endif

/* x / 2^exponent, halves rounded away from zero; exponent in [0, 31]. */
FORGE_INLINE int32_t forge_rounding_divide_by_pot(int32_t x, int exponent) {
  const int32_t mask = (int32_t)((1u << exponent) - 1u);
  const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
  return (x >> exponent) + ((x & mask) > threshold ? 1 : 0);
}

/* x * multiplier * 2^(shift - 31), rounded twice. multiplier in [2^30, 2^31) or 0; shift in
 * [-31, 30], negative is right. A left shift wraps, as in the interpreter. */
FORGE_INLINE int32_t forge_requantize(int32_t x, int32_t multiplier, int shift) {
  const int left = shift > 0 ? shift : 0;
  const int right = shift > 0 ? 0 : -shift;
  const int32_t shifted = (int32_t)((uint32_t)x << left);
  return forge_rounding_divide_by_pot(forge_doubling_high_mul(shifted, multiplier), right);
}

FORGE_INLINE int8_t forge_clamp(int32_t x, int low, int high) {
  return (int8_t)(x < low ? low : x > high ? high : x);
}

#endif

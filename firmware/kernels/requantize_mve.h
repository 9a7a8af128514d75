/* forge_requantize on four sums at once, for cores with MVE (Cortex-M55): the same, bit for bit.
 *
 * VQRDMULH is forge_doubling_high_mul. VRSHL rounds halves up; what is below zero and shifted right
 * is made one less before, so that its halves are rounded away from zero. Multipliers are 0 or in
 * [2^30, 2^31). */
#ifndef FORGE_KERNELS_REQUANTIZE_MVE_H
#define FORGE_KERNELS_REQUANTIZE_MVE_H

#include <arm_mve.h>

#include "kernels/fixed_point.h"

/* Shifts in [-31, 30], negative is right; each lane has its own. */
FORGE_INLINE int32x4_t forge_requantize_mve(int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
  const int32x4_t none = vdupq_n_s32(0), right = vminq_s32(shift, none);
  const int32x4_t shifted = vshlq_s32(x, vmaxq_s32(shift, none));
  const int32x4_t scaled = vqrdmulhq_s32(shifted, multiplier);
  const int32x4_t away = vshrq_n_s32(vandq_s32(scaled, right), 31);
  return vrshlq_s32(vaddq_s32(scaled, away), right);
}

/* The same of one multiplier and shift for all lanes, the shift in [-31, -1]. The sign of x stands for
 * that of what it is scaled to: where they differ that is 0, and one less is rounded to the same. */
FORGE_INLINE int32x4_t forge_requantize_right_all_mve(int32x4_t x, int32_t multiplier,
                                                      int32_t shift) {
  return vrshlq_n_s32(vqrdmlahq_n_s32(vshrq_n_s32(x, 31), x, multiplier), shift);
}

/* Plus the output's zero point, clamped to [low, high]; vstrbq_s32 stores the four as bytes. */
FORGE_INLINE int32x4_t forge_outputs_mve(int32x4_t x, int zero_point, int low, int high) {
  const int32x4_t least = vdupq_n_s32(low), most = vdupq_n_s32(high);
  return vminq_s32(vmaxq_s32(vaddq_n_s32(x, zero_point), least), most);
}

#endif

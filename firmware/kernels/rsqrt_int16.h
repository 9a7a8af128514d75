/* RSQRT of 16-bit values. The output may lie over the input. */
#ifndef FORGE_KERNELS_RSQRT_INT16_H
#define FORGE_KERNELS_RSQRT_INT16_H

#include "kernels/int16.h"
#include "kernels/inverse_root.h"

/* The factor from roots in steps of 2^-20, as forge_requantize takes it. */
typedef struct {
  int size;
  int32_t multiplier;
  int shift;
} forge_rsqrt_i16;

/* The interpreter ends an inference at a value below 0; here it counts as 1. */
FORGE_INLINE void forge_rsqrt_i16_run(const forge_rsqrt_i16 *c, const int8_t *input,
                                      int8_t *output) {
  for (int i = 0; i < c->size; ++i) {
    const int32_t x = forge_values_i16(input)[i];
    const forge_factor root = forge_inverse_square_root(x);
    const int32_t fraction = forge_requantize(1, root.multiplier, root.shift + 20);
    const int32_t value = forge_requantize(fraction, c->multiplier, c->shift);
    forge_output_i16(output)[i] = (int16_t)(x == 0 || value > INT16_MAX ? INT16_MAX : value);
  }
}

#endif

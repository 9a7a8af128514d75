/* SVDF: each filter reduces the input to one number, which joins those of the last few inferences
 * in the state; an output is a bias plus rank such filters' dot products over time.
 * feature_weights: (units * rank) x inputs. time_weights and state: (units * rank) x memory, the
 * newest last. */
#ifndef FORGE_KERNELS_SVDF_H
#define FORGE_KERNELS_SVDF_H

#include "kernels/dot.h"
#include "kernels/requantize.h"

/* Either time_weights is NULL, and then the state is of int16, or wide_time_weights is. */
typedef struct {
  int inputs, units, rank, memory;
  int input_zero_point, state_zero_point, output_zero_point;
  const int8_t *feature_weights;
  const int8_t *time_weights;
  const int16_t *wide_time_weights;
  const int32_t *bias;
  int32_t state_multiplier, output_multiplier;
  int state_shift, output_shift;
} forge_svdf;

/* The state lies in the arena, whose bytes have no type of their own: hence the copies, which
 * compile to one load or store. */
FORGE_INLINE int32_t forge_svdf_load(const forge_svdf *c, const int8_t *state, int i) {
  int16_t wide;
  if (!c->wide_time_weights) return state[i];
  __builtin_memcpy(&wide, state + 2 * i, 2);
  return wide;
}

FORGE_INLINE void forge_svdf_store(const forge_svdf *c, int8_t *state, int i, int32_t value) {
  const int16_t wide = (int16_t)value;
  if (c->wide_time_weights) {
    __builtin_memcpy(state + 2 * i, &wide, 2);
  } else {
    state[i] = (int8_t)value;
  }
}

/* What a filter makes of the input, on the state's scale. */
FORGE_INLINE int32_t forge_svdf_feature(const forge_svdf *c, const int8_t *input, int filter) {
  const int32_t low = c->wide_time_weights ? INT16_MIN : INT8_MIN;
  const int32_t high = c->wide_time_weights ? INT16_MAX : INT8_MAX;
  const int32_t acc =
      forge_dot(0, input, c->feature_weights + filter * c->inputs, c->inputs, c->input_zero_point);
  const int32_t value = forge_requantize(acc, c->state_multiplier, c->state_shift);
  return (value < low ? low : value > high ? high : value) + c->state_zero_point;
}

/* A filter's state moves on by one inference; its dot product over time wraps, as in the
 * interpreter. */
FORGE_INLINE uint32_t forge_svdf_filter(const forge_svdf *c, const int8_t *input, int8_t *state,
                                        int filter) {
  const int first = filter * c->memory;
  const int last = first + c->memory - 1;
  uint32_t sum = 0;
  for (int i = first; i <= last; ++i) {
    const int32_t weight = c->wide_time_weights ? c->wide_time_weights[i] : c->time_weights[i];
    const int32_t value =
        i < last ? forge_svdf_load(c, state, i + 1) : forge_svdf_feature(c, input, filter);
    forge_svdf_store(c, state, i, value);
    sum += (uint32_t)weight * (uint32_t)(forge_svdf_load(c, state, i) - c->state_zero_point);
  }
  return sum;
}

FORGE_INLINE void forge_svdf_run(const forge_svdf *c, const int8_t *input, int8_t *state,
                                 int8_t *output) {
  for (int unit = 0; unit < c->units; ++unit) {
    uint32_t acc = (uint32_t)c->bias[unit];
    for (int i = 0; i < c->rank; ++i) {
      acc += forge_svdf_filter(c, input, state, unit * c->rank + i);
    }
    const int32_t value = forge_requantize((int32_t)acc, c->output_multiplier, c->output_shift);
    output[unit] = forge_clamp(value + c->output_zero_point, -128, 127);
  }
}

#endif

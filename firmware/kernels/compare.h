/* Comparisons of pairs of values, whose results are truths; and what is made of truths. */
#ifndef FORGE_KERNELS_COMPARE_H
#define FORGE_KERNELS_COMPARE_H

#include "kernels/binary.h"
#include "kernels/plain.h"

/* A comparison of int8 values on a common scale, and of 32-bit values and truths as they are. */
#define FORGE_COMPARISON(name, operator)                                                       \
  FORGE_INLINE int32_t name(const forge_binary_scaling *s, int32_t first, int32_t second) {    \
    const forge_pair x = forge_common_scale(s, first, second);                                 \
    return x.first operator x.second;                                                          \
  }                                                                                            \
  FORGE_INLINE int32_t name##_plain(const forge_binary_scaling *s, int32_t first,              \
                                    int32_t second) {                                          \
    (void)s;                                                                                   \
    return first operator second;                                                              \
  }                                                                                            \
  FORGE_BINARY_LOOPS(name, name##_run, name##_broadcast_run, int8_t, int8_t, uint8_t)          \
  FORGE_BINARY_LOOPS(name##_plain, name##_i32_run, name##_i32_broadcast_run, forge_i32,        \
                     forge_i32, uint8_t)                                                       \
  FORGE_BINARY_LOOPS(name##_plain, name##_bool_run, name##_bool_broadcast_run, uint8_t,        \
                     uint8_t, uint8_t)

FORGE_COMPARISON(forge_equal, ==)
FORGE_COMPARISON(forge_not_equal, !=)
FORGE_COMPARISON(forge_greater, >)
FORGE_COMPARISON(forge_greater_equal, >=)
FORGE_COMPARISON(forge_less, <)
FORGE_COMPARISON(forge_less_equal, <=)

#undef FORGE_COMPARISON

/* The output may lie over an input of its own size. */
#define FORGE_LOGICAL(name, operator)                                                          \
  FORGE_INLINE int32_t name(const forge_binary_scaling *s, int32_t first, int32_t second) {    \
    (void)s;                                                                                   \
    return first operator second;                                                              \
  }                                                                                            \
  FORGE_BINARY_LOOPS(name, name##_bool_run, name##_bool_broadcast_run, uint8_t, uint8_t, uint8_t)

FORGE_LOGICAL(forge_logical_and, &&)
FORGE_LOGICAL(forge_logical_or, ||)

#undef FORGE_LOGICAL

typedef struct {
  int size;
} forge_logical_not;

FORGE_INLINE void forge_logical_not_run(const forge_logical_not *c, const int8_t *input,
                                        int8_t *output) {
  for (int i = 0; i < c->size; ++i) output[i] = !input[i];
}

#endif

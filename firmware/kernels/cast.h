/* CAST: values as values of another type. An integer that does not fit loses its upper bits. */
#ifndef FORGE_KERNELS_CAST_H
#define FORGE_KERNELS_CAST_H

#include "kernels/int16.h"
#include "kernels/plain.h"

typedef struct {
  int size;
} forge_cast;

#define FORGE_CAST(name, from, to)                                                         \
  FORGE_INLINE void name(const forge_cast *c, const int8_t *input, int8_t *output) {       \
    for (int i = 0; i < c->size; ++i) {                                                    \
      ((to *)(void *)output)[i] = (to)((const from *)(const void *)input)[i];              \
    }                                                                                      \
  }

/* From a type to every one. */
#define FORGE_CASTS(name, from)                \
  FORGE_CAST(name##_int8_run, from, int8_t)    \
  FORGE_CAST(name##_int16_run, from, forge_i16) \
  FORGE_CAST(name##_int32_run, from, forge_i32) \
  FORGE_CAST(name##_float32_run, from, forge_f32)

FORGE_CASTS(forge_cast_bool, uint8_t)
FORGE_CASTS(forge_cast_int8, int8_t)
FORGE_CASTS(forge_cast_int16, forge_i16)
FORGE_CASTS(forge_cast_int32, forge_i32)

#undef FORGE_CASTS
#undef FORGE_CAST

#endif

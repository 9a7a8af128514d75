/* DYNAMIC_UPDATE_SLICE: a tensor with a smaller one written over a part of it. The output may lie
 * over the first input. */
#ifndef FORGE_KERNELS_UPDATE_SLICE_H
#define FORGE_KERNELS_UPDATE_SLICE_H

#include "kernels/bytes.h"
#include "kernels/plain.h"

/* For each of five loops the part's size, the bytes from one to the next in the whole, and how far
 * the part can be moved; the last `dimensions` of them have an index. bytes: of the whole. */
typedef struct {
  int size[5], step[5], room[5];
  int dimensions;
  int bytes, itemsize;
} forge_update_slice;

/* Where the part begins, in bytes. A place that reaches out is moved in. */
FORGE_INLINE int forge_update_slice_begin(const forge_update_slice *c, const forge_i32 *index) {
  int begin = 0;
  for (int i = 0; i < c->dimensions; ++i) {
    const int k = 5 - c->dimensions + i;
    begin += (index[i] < 0 ? 0 : index[i] < c->room[k] ? index[i] : c->room[k]) * c->step[k];
  }
  return begin;
}

FORGE_INLINE void forge_update_slice_run(const forge_update_slice *c, const int8_t *whole,
                                         const int8_t *part, const int8_t *index_bytes,
                                         int8_t *output) {
  const int run = c->size[4] * c->itemsize;
  if (output != whole) forge_copy_bytes(output, whole, c->bytes);
  output += forge_update_slice_begin(c, (const forge_i32 *)(const void *)index_bytes);
  for (int i = 0; i < c->size[0]; ++i) {
    for (int j = 0; j < c->size[1]; ++j) {
      for (int k = 0; k < c->size[2]; ++k) {
        for (int l = 0; l < c->size[3]; ++l, part += run) {
          const int at = i * c->step[0] + j * c->step[1] + k * c->step[2] + l * c->step[3];
          forge_copy_bytes(output + at, part, run);
        }
      }
    }
  }
}

#endif

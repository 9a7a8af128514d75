/* Operators that gather runs of bytes from places that constants tell. */
#ifndef FORGE_KERNELS_PICK_H
#define FORGE_KERNELS_PICK_H

#include "kernels/bytes.h"

/* Four dimensions of the output, outermost first. Index i of one begins so many bytes of the input
 * after the first: by a table, or i steps where there is none. run: bytes that lie together. */
typedef struct {
  int start;
  int size[4], step[4];
  const int32_t *places_0, *places_1, *places_2, *places_3;
  int run;
} forge_pick;

FORGE_INLINE int forge_pick_place(const int32_t *places, int step, int i) {
  return places != NULL ? places[i] : i * step;
}

FORGE_INLINE void forge_pick_run(const forge_pick *c, const int8_t *input, int8_t *output) {
  for (int i = 0; i < c->size[0]; ++i) {
    const int8_t *from_i = input + c->start + forge_pick_place(c->places_0, c->step[0], i);
    for (int j = 0; j < c->size[1]; ++j) {
      const int8_t *from_j = from_i + forge_pick_place(c->places_1, c->step[1], j);
      for (int k = 0; k < c->size[2]; ++k) {
        const int8_t *from_k = from_j + forge_pick_place(c->places_2, c->step[2], k);
        for (int l = 0; l < c->size[3]; ++l, output += c->run) {
          const int place = forge_pick_place(c->places_3, c->step[3], l);
          forge_copy_bytes(output, from_k + place, c->run);
        }
      }
    }
  }
}

#endif

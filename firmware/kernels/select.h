/* SELECT_V2: of two values one, by a truth. Shapes broadcast. The output may lie over an input of
 * its own size. */
#ifndef FORGE_KERNELS_SELECT_H
#define FORGE_KERNELS_SELECT_H

#include "kernels/bytes.h"

/* A size for each of five loops, and the elements by which its steps advance an input: 0 where the
 * input is repeated. itemsize: of the values, in bytes. */
typedef struct {
  int size[5];
  int condition_step[5], first_step[5], second_step[5];
  int itemsize;
} forge_select;

/* Where an input's element for these indices lies, in elements. */
FORGE_INLINE int forge_select_at(const int step[5], int i, int j, int k, int l, int m) {
  return i * step[0] + j * step[1] + k * step[2] + l * step[3] + m * step[4];
}

FORGE_INLINE void forge_select_run(const forge_select *c, const int8_t *condition,
                                   const int8_t *first, const int8_t *second, int8_t *output) {
  for (int i = 0; i < c->size[0]; ++i) {
    for (int j = 0; j < c->size[1]; ++j) {
      for (int k = 0; k < c->size[2]; ++k) {
        for (int l = 0; l < c->size[3]; ++l) {
          for (int m = 0; m < c->size[4]; ++m, output += c->itemsize) {
            const int8_t *from =
                condition[forge_select_at(c->condition_step, i, j, k, l, m)]
                    ? first + forge_select_at(c->first_step, i, j, k, l, m) * c->itemsize
                    : second + forge_select_at(c->second_step, i, j, k, l, m) * c->itemsize;
            for (int b = 0; b < c->itemsize; ++b) output[b] = from[b];
          }
        }
      }
    }
  }
}

#endif

/* BATCH_MATMUL of 16-bit values. */
#ifndef FORGE_KERNELS_BATCH_MATMUL_INT16_H
#define FORGE_KERNELS_BATCH_MATMUL_INT16_H

#include "kernels/batch_matmul.h"
#include "kernels/int16.h"

/* One output: of a row and a column. */
FORGE_INLINE int16_t forge_batch_matmul_i16_1(const forge_batch_matmul *c, const forge_i16 *row,
                                              const forge_i16 *column) {
  int64_t sum = 0;
  for (int i = 0; i < c->depth; ++i) {
    sum += row[i * c->first_depth_step] * column[i * c->second_depth_step];
  }
  return forge_clamp_i16(forge_requantize_wide(sum, c->multiplier, c->shift), INT16_MIN,
                         INT16_MAX);
}

/* One product. */
FORGE_INLINE void forge_batch_matmul_i16_product(const forge_batch_matmul *c,
                                                 const forge_i16 *first, const forge_i16 *second,
                                                 forge_i16 *output) {
  for (int y = 0; y < c->rows; ++y) {
    for (int x = 0; x < c->columns; ++x) {
      *output++ = forge_batch_matmul_i16_1(c, first + y * c->first_row_step,
                                           second + x * c->second_column_step);
    }
  }
}

/* Multiplier and shift are those of forge_requantize_wide; there are no zero points. */
FORGE_INLINE void forge_batch_matmul_i16_run(const forge_batch_matmul *c, const int8_t *first,
                                             const int8_t *second, int8_t *bytes) {
  const int *p = c->first_step;
  const int *q = c->second_step;
  forge_i16 *output = forge_output_i16(bytes);
  for (int i = 0; i < c->size[0]; ++i) {
    for (int j = 0; j < c->size[1]; ++j) {
      for (int k = 0; k < c->size[2]; ++k) {
        for (int l = 0; l < c->size[3]; ++l, output += c->rows * c->columns) {
          const int a = i * p[0] + j * p[1] + k * p[2] + l * p[3];
          const int b = i * q[0] + j * q[1] + k * q[2] + l * q[3];
          forge_batch_matmul_i16_product(c, forge_values_i16(first) + a * c->rows * c->depth,
                                         forge_values_i16(second) + b * c->depth * c->columns,
                                         output);
        }
      }
    }
  }
}

#endif

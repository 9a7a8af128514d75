/* BATCH_MATMUL: products of matrices, any of which may lie transposed in memory. */
#ifndef FORGE_KERNELS_BATCH_MATMUL_H
#define FORGE_KERNELS_BATCH_MATMUL_H

#include "kernels/fixed_point.h"

/* A size for each of four loops over products, and the matrices by which their steps advance an
 * operand: 0 where it is repeated. rows x depth times depth x columns; steps within a matrix are in
 * elements. */
typedef struct {
  int size[4];
  int first_step[4], second_step[4];
  int rows, depth, columns;
  int first_row_step, first_depth_step;
  int second_depth_step, second_column_step;
  int first_zero_point, second_zero_point;
  int32_t multiplier;
  int shift;
  int output_zero_point;
} forge_batch_matmul;

/* One output: of a row and a column. */
FORGE_INLINE int8_t forge_batch_matmul_1(const forge_batch_matmul *c, const int8_t *row,
                                         const int8_t *column) {
  int32_t acc = 0;
  for (int i = 0; i < c->depth; ++i) {
    acc += (row[i * c->first_depth_step] - c->first_zero_point) *
           (column[i * c->second_depth_step] - c->second_zero_point);
  }
  const int32_t value = forge_requantize(acc, c->multiplier, c->shift);
  return forge_clamp(value + c->output_zero_point, -128, 127);
}

/* One product. */
FORGE_INLINE void forge_batch_matmul_product(const forge_batch_matmul *c, const int8_t *first,
                                             const int8_t *second, int8_t *output) {
  for (int y = 0; y < c->rows; ++y) {
    for (int x = 0; x < c->columns; ++x) {
      *output++ = forge_batch_matmul_1(c, first + y * c->first_row_step,
                                       second + x * c->second_column_step);
    }
  }
}

FORGE_INLINE void forge_batch_matmul_run(const forge_batch_matmul *c, const int8_t *first,
                                         const int8_t *second, int8_t *output) {
  const int *p = c->first_step;
  const int *q = c->second_step;
  for (int i = 0; i < c->size[0]; ++i) {
    for (int j = 0; j < c->size[1]; ++j) {
      for (int k = 0; k < c->size[2]; ++k) {
        for (int l = 0; l < c->size[3]; ++l, output += c->rows * c->columns) {
          const int a = i * p[0] + j * p[1] + k * p[2] + l * p[3];
          const int b = i * q[0] + j * q[1] + k * q[2] + l * q[3];
          forge_batch_matmul_product(c, first + a * c->rows * c->depth,
                                     second + b * c->depth * c->columns, output);
        }
      }
    }
  }
}

#endif

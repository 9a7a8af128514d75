/* PAD and PADV2: a border of one value around a tensor of up to five dimensions. */
#ifndef FORGE_KERNELS_PAD_H
#define FORGE_KERNELS_PAD_H

#include "kernels/bytes.h"
#include "kernels/int16.h"

/* A row: lines of bytes, and what comes before and after. before_lines and after_lines are
 * lines of padding alone. wide: the padding is 16-bit values, and not bytes. */
typedef struct {
  int before_lines, lines, after_lines;
  int before, size, after;
  int value, wide;
} forge_pad_row;

/* Returns where the padding ends, count bytes on. */
FORGE_INLINE int8_t *forge_pad_fill(const forge_pad_row *c, int8_t *output, int count) {
  if (!c->wide) return forge_fill_bytes(output, c->value, count);
  forge_i16 *values = forge_output_i16(output);
  for (int i = 0; i < count / 2; ++i) values[i] = (int16_t)c->value;
  return output + count;
}

/* One row of the output; input is the row inside, or NULL for a row of padding alone. */
FORGE_INLINE void forge_pad_row_run(const forge_pad_row *c, const int8_t *input, int8_t *output) {
  const int line = c->before + c->size + c->after;
  if (input == NULL) {
    forge_pad_fill(c, output, (c->before_lines + c->lines + c->after_lines) * line);
    return;
  }
  output = forge_pad_fill(c, output, c->before_lines * line);
  for (int i = 0; i < c->lines; ++i, input += c->size) {
    output = forge_pad_fill(c, output, c->before);
    output = forge_copy_bytes(output, input, c->size);
    output = forge_pad_fill(c, output, c->after);
  }
  forge_pad_fill(c, output, c->after_lines * line);
}

/* Three outer dimensions, outermost first, of rows. */
typedef struct {
  int before[3], size[3], after[3];
  forge_pad_row row;
} forge_pad;

FORGE_INLINE int forge_pad_inside(const forge_pad *c, int dimension, int index) {
  return index >= c->before[dimension] && index < c->before[dimension] + c->size[dimension];
}

FORGE_INLINE int forge_pad_total(const forge_pad *c, int dimension) {
  return c->before[dimension] + c->size[dimension] + c->after[dimension];
}

FORGE_INLINE void forge_pad_run(const forge_pad *c, const int8_t *input, int8_t *output) {
  const forge_pad_row *row = &c->row;
  const int input_row = row->lines * row->size;
  const int output_row = (row->before_lines + row->lines + row->after_lines) *
                         (row->before + row->size + row->after);
  for (int i = 0; i < forge_pad_total(c, 0); ++i) {
    for (int j = 0; j < forge_pad_total(c, 1); ++j) {
      for (int k = 0; k < forge_pad_total(c, 2); ++k, output += output_row) {
        const int inside = forge_pad_inside(c, 0, i) && forge_pad_inside(c, 1, j) &&
                           forge_pad_inside(c, 2, k);
        forge_pad_row_run(row, inside ? input : NULL, output);
        if (inside) input += input_row;
      }
    }
  }
}

#endif

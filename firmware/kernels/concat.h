/* CONCATENATION and PACK: runs of bytes from several tensors in turn. */
#ifndef FORGE_KERNELS_CONCAT_H
#define FORGE_KERNELS_CONCAT_H

#include "kernels/bytes.h"

#define FORGE_CONCAT_MOST 16

/* The output is made of stretches of total bytes; input i has run[i] bytes of each. */
typedef struct {
  int stretches;
  int inputs;
  int total;
  int run[FORGE_CONCAT_MOST];
} forge_concat;

/* operands: the inputs, then the output. */
FORGE_INLINE void forge_concat_operands(const forge_concat *c, const int8_t *const *operands) {
  int8_t *begin = (int8_t *)operands[c->inputs]; /* the caller gave it as one to be written */
  for (int i = 0; i < c->inputs; ++i) {
    const int8_t *input = operands[i];
    int8_t *output = begin;
    for (int k = 0; k < c->stretches; ++k, input += c->run[i], output += c->total) {
      forge_copy_bytes(output, input, c->run[i]);
    }
    begin += c->run[i];
  }
}

/* Inputs that have run bytes each, any number of them. */
typedef struct {
  int stretches;
  int inputs;
  int run;
} forge_concat_evenly;

FORGE_INLINE void forge_concat_even_operands(const forge_concat_evenly *c,
                                             const int8_t *const *operands) {
  int8_t *begin = (int8_t *)operands[c->inputs]; /* as above */
  for (int i = 0; i < c->inputs; ++i, begin += c->run) {
    const int8_t *input = operands[i];
    int8_t *output = begin;
    for (int k = 0; k < c->stretches; ++k, input += c->run, output += c->inputs * c->run) {
      forge_copy_bytes(output, input, c->run);
    }
  }
}

/* forge_concat_run(&fields, inputs..., output), for any number of inputs up to the most. */
#define forge_concat_run(c, ...) \
  forge_concat_operands((c), (const int8_t *const[]){__VA_ARGS__})

#define forge_concat_evenly_run(c, ...) \
  forge_concat_even_operands((c), (const int8_t *const[]){__VA_ARGS__})

#endif

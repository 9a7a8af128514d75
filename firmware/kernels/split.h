/* SPLIT, SPLIT_V and UNPACK: runs of bytes to several tensors in turn. */
#ifndef FORGE_KERNELS_SPLIT_H
#define FORGE_KERNELS_SPLIT_H

#include "kernels/bytes.h"

#define FORGE_SPLIT_MOST 16

/* The input is made of stretches of total bytes; output i takes run[i] bytes of each. */
typedef struct {
  int stretches;
  int outputs;
  int total;
  int run[FORGE_SPLIT_MOST];
} forge_split;

FORGE_INLINE void forge_split_outputs(const forge_split *c, const int8_t *input,
                                      int8_t *const *outputs) {
  for (int i = 0; i < c->outputs; ++i) {
    const int8_t *from = input;
    int8_t *to = outputs[i];
    for (int k = 0; k < c->stretches; ++k, from += c->total, to += c->run[i]) {
      forge_copy_bytes(to, from, c->run[i]);
    }
    input += c->run[i];
  }
}

/* Outputs that take run bytes each, any number of them. */
typedef struct {
  int stretches;
  int outputs;
  int run;
} forge_split_evenly;

FORGE_INLINE void forge_split_even_outputs(const forge_split_evenly *c, const int8_t *input,
                                           int8_t *const *outputs) {
  for (int i = 0; i < c->outputs; ++i, input += c->run) {
    const int8_t *from = input;
    int8_t *to = outputs[i];
    for (int k = 0; k < c->stretches; ++k, from += c->outputs * c->run, to += c->run) {
      forge_copy_bytes(to, from, c->run);
    }
  }
}

/* forge_split_run(&fields, input, outputs...), for any number of outputs up to the most. */
#define forge_split_run(c, input, ...) \
  forge_split_outputs((c), (input), (int8_t *const[]){__VA_ARGS__})

#define forge_split_evenly_run(c, input, ...) \
  forge_split_even_outputs((c), (input), (int8_t *const[]){__VA_ARGS__})

#endif

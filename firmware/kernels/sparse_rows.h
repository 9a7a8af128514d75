/* FULLY_CONNECTED with few weights, wherever they are: for each output channel a list of them. Inputs
 * are read where they lie. The C here runs anywhere; sparse_rows_dsp.h has it in instructions of cores
 * with DSP.
 *
 * The stream holds, for each output channel: how many words its list takes, a multiple of 4; bias, with
 * what the input's zero point adds; of each weight two bytes: the weight, and how many inputs it lies
 * behind the one before, the first behind the row's beginning. One that lies further behind than a byte
 * can say has weights of 0 between, and such fill the last words. Then multiplier, offset and right
 * shift, as in dense.h. */
#ifndef FORGE_KERNELS_SPARSE_ROWS_H
#define FORGE_KERNELS_SPARSE_ROWS_H

#include "kernels/dense.h"

/* words: of the stream. dense: stream, channels, and what makes outputs of sums. */
typedef struct {
  int rows, input_depth;
  int words;
  forge_dense dense;
} forge_sparse_rows;

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#include "kernels/sparse_rows_dsp.h"
#else

/* A sum with what a list adds, whose first place is counted from an input. Sums may wrap on the way;
 * packing proves that what they come to does not. */
FORGE_INLINE uint32_t forge_sparse_rows_list(const int8_t *input, const int32_t *list,
                                             const int32_t *end, uint32_t sum) {
  const int8_t *at = (const int8_t *)list;
  for (; at != (const int8_t *)end; at += 4) {
    input += (uint8_t)at[1];
    sum += (uint32_t)(*input * at[0]);
    input += (uint8_t)at[3];
    sum += (uint32_t)(*input * at[2]);
  }
  return sum;
}

/* All channels of a row. */
FORGE_INLINE void forge_sparse_rows_outputs(const forge_sparse_rows *c, const int8_t *input,
                                            int8_t *output) {
  const int32_t *stream = c->dense.stream;
  for (int channel = 0; channel < c->dense.channels; ++channel) {
    const int32_t *parameters = stream + 2 + stream[0];
    const uint32_t sum =
        forge_sparse_rows_list(input, stream + 2, parameters, (uint32_t)stream[1]);
    output[channel] = forge_dense_output(&c->dense, (int32_t)(2 * sum), parameters);
    stream = parameters + 3;
  }
}

#endif

FORGE_INLINE void forge_sparse_rows_run(const forge_sparse_rows *c, const int8_t *input,
                                        int8_t *output) {
  for (int row = 0; row < c->rows; ++row) {
    forge_sparse_rows_outputs(c, input, output);
    input += c->input_depth;
    output += c->dense.channels;
  }
}

#endif

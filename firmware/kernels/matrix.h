/* The block that convolutions and FULLY_CONNECTED are made of on cores with vectors: all output
 * channels of some pixels, from their inputs as they are and a stream of constants. The C here says
 * what it computes, on any core; matrix_mve.h has it in instructions of a Cortex-M55.
 *
 * A pixel's inputs are chunks of 16 bytes; the first one's first bytes may be missing. The stream
 * holds, for each two output channels:
 *  - of each chunk 16 weights of the one channel, then 16 of the other; 0 for what is missing.
 *  - both biases, multipliers, shifts. What the input's zero point adds is part of a bias.
 * Shifts are right, -31 to -1. Of an odd number of channels the last stands there twice. */
#ifndef FORGE_KERNELS_MATRIX_H
#define FORGE_KERNELS_MATRIX_H

#include "kernels/bytes.h"

#define FORGE_MATRIX_CHUNK 16
#define FORGE_MATRIX_PARAMETERS 6

/* missing: bytes of the first chunk. channels: less than 2^14. */
typedef struct {
  const int32_t *stream;
  int chunks, missing, channels;
  int output_zero_point;
  int activation_min, activation_max;
} forge_matrix;

/* Bytes of the stream for two channels. */
FORGE_INLINE int forge_matrix_step(const forge_matrix *m) {
  return 2 * FORGE_MATRIX_CHUNK * m->chunks + 4 * FORGE_MATRIX_PARAMETERS;
}

#ifdef __ARM_FEATURE_MVE
#include "kernels/matrix_mve.h"
#define forge_matrix_copy forge_copy_bytes_mve
#define forge_matrix_fill forge_fill_bytes_mve
#else
#define forge_matrix_copy forge_copy_bytes
#define forge_matrix_fill forge_fill_bytes

/* One channel of one pixel. */
FORGE_INLINE int8_t forge_matrix_output(const forge_matrix *m, const int8_t *input, int channel) {
  const int32_t *stream = m->stream + channel / 2 * forge_matrix_step(m) / 4;
  const int8_t *weights = (const int8_t *)stream + channel % 2 * FORGE_MATRIX_CHUNK;
  const int32_t *parameters = stream + 2 * FORGE_MATRIX_CHUNK * m->chunks / 4 + channel % 2;
  uint32_t sum = (uint32_t)parameters[0];
  for (int chunk = 0; chunk < m->chunks; ++chunk, weights += 2 * FORGE_MATRIX_CHUNK) {
    for (int i = chunk ? 0 : m->missing; i < FORGE_MATRIX_CHUNK; ++i) {
      sum += (uint32_t)(*input++ * weights[i]);
    }
  }
  const int32_t value = forge_requantize((int32_t)sum, parameters[2], parameters[4]);
  return forge_clamp(value + m->output_zero_point, m->activation_min, m->activation_max);
}

/* So many pixels, whose inputs lie pitch bytes apart and whose outputs follow each other. readable:
 * whether what is missing of their chunks is memory that may be read. */
FORGE_INLINE void forge_matrix_run(const forge_matrix *m, int readable, const int8_t *inputs,
                                   int pitch, int pixels, int8_t *output) {
  (void)readable;
  for (int pixel = 0; pixel < pixels; ++pixel, inputs += pitch) {
    for (int channel = 0; channel < m->channels; ++channel) {
      *output++ = forge_matrix_output(m, inputs, channel);
    }
  }
}

/* The same of four, where it is done in place. */
FORGE_INLINE void forge_matrix_four(const forge_matrix *m, int readable, const int8_t *inputs,
                                    int pitch, int8_t *output) {
  forge_matrix_run(m, readable, inputs, pitch, 4, output);
}

#endif

#endif

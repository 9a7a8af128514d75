/* matrix.h for cores with MVE, Cortex-M55: two channels of four pixels at a time, or eight of a pixel
 * that is alone. */
#ifndef FORGE_KERNELS_MATRIX_MVE_H
#define FORGE_KERNELS_MATRIX_MVE_H

#include "kernels/bytes_mve.h"
#include "kernels/matrix_quad_mve.h"
#include "kernels/matrix_single_mve.h"

/* Whether a first chunk must be loaded in part. */
FORGE_INLINE int forge_matrix_in_part(const forge_matrix *m, int readable) {
  return m->missing > 0 && !readable;
}

FORGE_INLINE void forge_matrix_quad_any(int part, const forge_matrix_quad_job *job) {
  if (part) forge_matrix_quad_part(job); else forge_matrix_quad(job);
}

/* So many times four pixels, or one to four of them, from a pair of channels on. */
FORGE_INLINE void forge_matrix_quads(const forge_matrix *m, int readable, const int8_t *inputs,
                                     int pitch, int pixels, int pair, int8_t *output) {
  const int8_t *const stream = (const int8_t *)m->stream;
  const int pairs = m->channels / 2, bytes = forge_matrix_step(m);
  const int part = forge_matrix_in_part(m, readable), last = pixels < 4 ? pixels - 1 : 3;
  const int8_t *const first = part ? inputs : inputs - m->missing;
  forge_matrix_quad_job job = {
      .output = output + 2 * pair,
      .first = first,
      .end = stream + pairs * bytes,
      .second = first + (last < 1 ? last : 1) * pitch,
      .two = 2,
      .third = first + (last < 2 ? last : 2) * pitch,
      .zero_point = m->output_zero_point,
      .fourth = first + last * pitch,
      .stream = stream + pair * bytes,
      .quads = pixels < 4 ? 1 : pixels / 4,
      .inputs_step = 4 * pitch,
      .output_step = 4 * m->channels,
      .chunks = m->chunks,
      .places = 0x10001 * m->channels,
      .other = 0x10000,
      .last = last,
      .missing = m->missing,
  };
  if (pair < pairs) forge_matrix_quad_any(part, &job);
  if (m->channels % 2) {
    job.output = output + 2 * pairs;
    job.stream = job.end;
    job.end += bytes;
    job.other = 0;
    forge_matrix_quad_any(part, &job);
  }
}

/* One pixel: eight channels at a time, then what is left of them. */
FORGE_INLINE void forge_matrix_pixel(const forge_matrix *m, int readable, const int8_t *input,
                                     int8_t *output) {
  const int step = forge_matrix_step(m), groups = m->channels / 8;
  const int8_t *const stream = (const int8_t *)m->stream;
  const int part = forge_matrix_in_part(m, readable);
  if (groups) {
    const forge_matrix_single_job job = {
        .output = output,
        .zero_point = m->output_zero_point,
        .step = step,
        .input = part ? input : input - m->missing,
        .end = stream + groups * 4 * step,
        .stream = stream,
        .chunks = m->chunks,
        .missing = m->missing,
    };
    if (part) forge_matrix_single_part(&job); else forge_matrix_single(&job);
  }
  if (m->channels % 8) forge_matrix_quads(m, readable, input, 0, 1, 4 * groups, output);
}

/* Whether so many pixels, less than four, take less one by one: by instructions of a chunk. */
FORGE_INLINE int forge_matrix_one_by_one(const forge_matrix *m, int pixels) {
  const int alone = m->channels / 8 * 17 + (m->channels % 8 + 1) / 2 * 14;
  return pixels * alone < (m->channels + 1) / 2 * 14;
}

FORGE_INLINE void forge_matrix_pixels(const forge_matrix *m, int readable, const int8_t *inputs,
                                      int pitch, int pixels, int8_t *output) {
  const int fours = pixels & ~3;
  if (fours) forge_matrix_quads(m, readable, inputs, pitch, fours, 0, output);
  inputs += fours * pitch;
  output += fours * m->channels;
  pixels -= fours;
  if (!forge_matrix_one_by_one(m, pixels)) {
    forge_matrix_quads(m, readable, inputs, pitch, pixels, 0, output);
    return;
  }
  for (; pixels > 0; --pixels, inputs += pitch, output += m->channels) {
    forge_matrix_pixel(m, readable, inputs, output);
  }
}

FORGE_SHARED void forge_matrix_pixels_whole(const forge_matrix *m, const int8_t *inputs, int pitch,
                                            int pixels, int8_t *output) {
  forge_matrix_pixels(m, 1, inputs, pitch, pixels, output);
}

FORGE_SHARED void forge_matrix_pixels_part(const forge_matrix *m, const int8_t *inputs, int pitch,
                                           int pixels, int8_t *output) {
  forge_matrix_pixels(m, 0, inputs, pitch, pixels, output);
}

/* Outputs of so many pixels, which are clamped to int8 already. */
FORGE_INLINE void forge_matrix_clamp(const forge_matrix *m, int pixels, int8_t *output) {
  if (m->activation_min > -128 || m->activation_max < 127) {
    forge_clamp_bytes_mve(output, pixels * m->channels, m->activation_min, m->activation_max);
  }
}

FORGE_INLINE void forge_matrix_run(const forge_matrix *m, int readable, const int8_t *inputs,
                                   int pitch, int pixels, int8_t *output) {
  if (forge_matrix_in_part(m, readable)) {
    forge_matrix_pixels_part(m, inputs, pitch, pixels, output);
  } else {
    forge_matrix_pixels_whole(m, inputs, pitch, pixels, output);
  }
  forge_matrix_clamp(m, pixels, output);
}

FORGE_INLINE void forge_matrix_four(const forge_matrix *m, int readable, const int8_t *inputs,
                                    int pitch, int8_t *output) {
  forge_matrix_quads(m, readable, inputs, pitch, 4, 0, output);
  forge_matrix_clamp(m, 4, output);
}

#endif

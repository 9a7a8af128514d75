/* FULLY_CONNECTED with bytes, as dense.h has them, from inputs as they are: four channels at once, so
 * that it pays to make int16 of each input again for them, and no tile is needed. Depths are
 * multiples of 8: inputs are taken two quads at a time.
 *
 * The stream holds, for each four output channels, what dense.h's holds for two and for two more, in
 * turns: the biases of both; of each quad the two words of both; multiplier, offset and right shift
 * of each channel. Channels that are missing from the last four are there, and nobody reads them. */
#ifndef FORGE_KERNELS_DENSE_ROWS_H
#define FORGE_KERNELS_DENSE_ROWS_H

#include "kernels/dense.h"

typedef struct {
  int rows, input_depth;
  forge_dense dense;
} forge_dense_rows;

/* Words of the stream for four channels. */
FORGE_INLINE int forge_dense_rows_step(const forge_dense *d) { return 4 + d->quads * 4 + 12; }

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)

/* As in dense_dsp.h. r0: inputs, r1: stream, r2-r5: inputs of two quads, r6-r9: weights, r10, r11:
 * sums of two channels, the first's and both's, r12, lr: of two more. */
#define FORGE_DENSE_ROWS_PAIR(even, odd, low, high, first, both) \
  "smlad " both ", " even ", " low ", " both "\n"                \
  "smlad " both ", " odd ", " high ", " both "\n"                \
  "sxtb16 " low ", " low "\n"                                    \
  "sxtb16 " high ", " high "\n"                                  \
  "smlad " first ", " even ", " low ", " first "\n"              \
  "smlad " first ", " odd ", " high ", " first "\n"

#define FORGE_DENSE_ROWS_QUAD(even, odd)                              \
  "ldmia.w r1!, {r6-r9}\n"                                            \
  "sxtb16 " odd ", " even ", ror #8\n"                                \
  "sxtb16 " even ", " even "\n"                                       \
  FORGE_DENSE_ROWS_PAIR(even, odd, "r6", "r7", "r10", "r11")          \
  FORGE_DENSE_ROWS_PAIR(even, odd, "r8", "r9", "r12", "lr")

/* A unit has 32 instructions. */
#define FORGE_DENSE_ROWS_SUMS                           \
  FORGE_DENSE_BEGIN(4, 128)                             \
  "1:\n"                                                \
  "ldmia r1!, {r10-r12, lr}\n"                          \
  "ldr pc, [sp, #4]\n"                                  \
  FORGE_DENSE_UNROLLED(4, "ldr.w r4, [r0, #4]\n"        \
                          "ldr r2, [r0], #8\n"          \
                          FORGE_DENSE_ROWS_QUAD("r2", "r3") \
                          FORGE_DENSE_ROWS_QUAD("r4", "r5")) \
  FORGE_DENSE_REPEAT                                    \
  FORGE_DENSE_APART("r10", "r11")                       \
  FORGE_DENSE_APART("r12", "lr")

/* Outputs of the first two channels, then of the others. */
#define FORGE_DENSE_ROWS_OUTPUTS(scaled)  \
  "ldmia r1!, {r2-r7}\n"                  \
  scaled("r10", "r2", "r3", "r4")         \
  scaled("r11", "r5", "r6", "r7")         \
  "ldmia r1!, {r2-r7}\n"                  \
  scaled("r12", "r2", "r3", "r4")         \
  scaled("lr", "r5", "r6", "r7")          \
  "ldr r9, [sp, #16]\n"

#define FORGE_DENSE_ROWS_RECTIFIED                  \
  FORGE_DENSE_ROWS_OUTPUTS(FORGE_DENSE_RECTIFY)     \
  "strb r10, [r9], #4\n"                            \
  "strb r11, [r9, #-3]\n"                           \
  "strb r12, [r9, #-2]\n"                           \
  "strb lr, [r9, #-1]\n"                            \
  "str r9, [sp, #16]\n"                             \
  FORGE_DENSE_END

#define FORGE_DENSE_ROWS_CLAMPED                    \
  FORGE_DENSE_ROWS_OUTPUTS(FORGE_DENSE_SCALE)       \
  "orr r10, r10, r11, lsl #8\n"                     \
  "orr r12, r12, lr, lsl #8\n"                      \
  "orr r10, r10, r12, lsl #16\n"                    \
  "ldrd r4, r5, [sp, #24]\n"                        \
  FORGE_DENSE_CLAMP("r10")                          \
  "str r10, [r9], #4\n"                             \
  "str r9, [sp, #16]\n"                             \
  FORGE_DENSE_END

FORGE_DENSE_FUNCTION(forge_dense_rows_rectified, FORGE_DENSE_ROWS_SUMS FORGE_DENSE_ROWS_RECTIFIED)
FORGE_DENSE_FUNCTION(forge_dense_rows_clamped, FORGE_DENSE_ROWS_SUMS FORGE_DENSE_ROWS_CLAMPED)

FORGE_INLINE void forge_dense_rows_fours(const forge_dense *d, const int8_t *input,
                                         const int32_t *stream, int fours, int8_t *output) {
  const forge_dense_job job = forge_dense_job_of(
      d, input, input + 4 * d->quads, d->quads / 2, stream, fours * forge_dense_rows_step(d),
      output, 0);
  if (d->rectified) forge_dense_rows_rectified(&job); else forge_dense_rows_clamped(&job);
}

#else

/* Two of four channels. stream: their biases; words: of the first quad. */
FORGE_INLINE void forge_dense_rows_pair(const forge_dense *d, const int8_t *input,
                                        const int32_t *stream, const int32_t *words,
                                        const int32_t *parameters, int8_t *output) {
  uint32_t first = (uint32_t)stream[0], both = (uint32_t)stream[1];
  for (int quad = 0; quad < d->quads; ++quad, words += 4, input += 4) {
    for (int half = 0; half < 2; ++half) {
      const int16_t inputs[2] = {input[half], input[half + 2]};
      first = forge_dense_add(first, forge_dense_lower(words[half]), inputs);
      both = forge_dense_add(both, words[half], inputs);
    }
  }
  output[0] = forge_dense_output(d, (int32_t)(first * 2), parameters);
  output[1] = forge_dense_output(d, (int32_t)(both - first) >> 7, parameters + 3);
}

/* So many times four channels, at least once, of one row. */
FORGE_INLINE void forge_dense_rows_fours(const forge_dense *d, const int8_t *input,
                                         const int32_t *stream, int fours, int8_t *output) {
  const int step = forge_dense_rows_step(d);
  for (int i = 0; i < fours; ++i, stream += step, output += 4) {
    const int32_t *words = stream + 4, *parameters = stream + step - 12;
    forge_dense_rows_pair(d, input, stream, words, parameters, output);
    forge_dense_rows_pair(d, input, stream + 2, words + 2, parameters + 6, output + 2);
  }
}

#endif

FORGE_INLINE void forge_dense_rows_run(const forge_dense_rows *c, const int8_t *input,
                                       int8_t *output) {
  const forge_dense *d = &c->dense;
  const int fours = d->channels / 4, left = d->channels % 4;
  for (int row = 0; row < c->rows; ++row, input += c->input_depth, output += d->channels) {
    if (fours) forge_dense_rows_fours(d, input, d->stream, fours, output);
    if (left) {
      int8_t last[4];
      const int32_t *stream = d->stream + fours * forge_dense_rows_step(d);
      forge_dense_rows_fours(d, input, stream, 1, last);
      for (int i = 0; i < left; ++i) output[4 * fours + i] = last[i];
    }
  }
}

#endif

/* FULLY_CONNECTED by dense.h's stream with bytes, from inputs as they are: four channels at once, so
 * that it pays to make int16 of each input again for them, and no tile is needed. Depths are
 * multiples of 8, because quads in the stream are even in number. */
#ifndef FORGE_KERNELS_DENSE_ROWS_H
#define FORGE_KERNELS_DENSE_ROWS_H

#include "kernels/dense.h"

typedef struct {
  int rows, input_depth;
  forge_dense dense;
} forge_dense_rows;

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__)

/* r0: inputs, r1, r12: streams, lr: the inputs' end, r2, r3: inputs of a quad, r4-r7: weights, r8,
 * r9: sums of two channels, r10, r11: of the other two. */
#define FORGE_DENSE_ROWS_PAIR(stream, low, high, first, second) \
  "ldmia " stream "!, {" low ", " high "}\n"                    \
  "smlad " second ", r2, " low ", " second "\n"                 \
  "smlad " second ", r3, " high ", " second "\n"                \
  "sxtb16 " low ", " low "\n"                                   \
  "sxtb16 " high ", " high "\n"                                 \
  "smlad " first ", r2, " low ", " first "\n"                   \
  "smlad " first ", r3, " high ", " first "\n"

#define FORGE_DENSE_ROWS_QUADS                                  \
  ".rept 2\n"                                                   \
  "ldr r2, [r0], #4\n"                                          \
  "sxtb16 r3, r2, ror #8\n"                                     \
  "sxtb16 r2, r2\n"                                             \
  FORGE_DENSE_ROWS_PAIR("r1", "r4", "r5", "r8", "r9")           \
  FORGE_DENSE_ROWS_PAIR("r12", "r6", "r7", "r10", "r11")        \
  ".endr\n"                                                     \
  "cmp r0, lr\n"

/* The doubled sums of two channels and of two others. */
FORGE_SHARED void forge_dense_rows_sums(const forge_dense *d, const int8_t *input,
                                        const int32_t *stream, const int32_t *other,
                                        int32_t sums[4]) {
  const struct {
    const int8_t *input;
    const int32_t *stream, *other;
    const int8_t *end;
    int32_t *sums;
  } job = {input, stream, other, input + 4 * d->quads, sums};
  __asm__ volatile(
      "push {r4-r11}\n"
      "push {%0}\n"
      "ldmia %0, {r0, r1, r12, lr}\n"
      "ldmia r1!, {r8, r9}\n"
      "ldmia r12!, {r10, r11}\n"
      "1:\n"
      FORGE_DENSE_ROWS_QUADS
      "beq 2f\n"
      FORGE_DENSE_ROWS_QUADS
      "bne 1b\n"
      "2:\n"
      "pop {r2}\n"
      "ldr r2, [r2, #16]\n"
      "sub r9, r9, r8\n"
      "sub r11, r11, r10\n"
      "asr r9, r9, #7\n"
      "asr r11, r11, #7\n"
      "lsl r8, r8, #1\n"
      "lsl r10, r10, #1\n"
      "stmia r2, {r8-r11}\n"
      "pop {r4-r11}\n"
      :
      : "r"(&job)
      : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");
}

#else

FORGE_INLINE void forge_dense_rows_sums(const forge_dense *d, const int8_t *input,
                                        const int32_t *stream, const int32_t *other,
                                        int32_t sums[4]) {
  for (int i = 0; i < 2; ++i, sums += 2) {
    const int32_t *words = i ? other : stream;
    uint32_t first = (uint32_t)words[0], both = (uint32_t)words[1];
    words += 2;
    for (int half = 0; half < 2 * d->quads; ++half, ++words) {
      const int8_t *at = input + half / 2 * 4 + half % 2;
      const int16_t inputs[2] = {at[0], at[2]};
      first = forge_dense_add(first, forge_dense_lower(*words), inputs);
      both = forge_dense_add(both, *words, inputs);
    }
    sums[0] = (int32_t)(first * 2);
    sums[1] = (int32_t)(both - first) >> 7;
  }
}

#endif

FORGE_INLINE void forge_dense_rows_run(const forge_dense_rows *c, const int8_t *input,
                                       int8_t *output) {
  const forge_dense *d = &c->dense;
  const int step = forge_dense_step(d);
  for (int row = 0; row < c->rows; ++row, input += c->input_depth, output += d->channels) {
    const int32_t *stream = d->stream;
    for (int channel = 0; channel < d->channels; channel += 4, stream += 2 * step) {
      const int left = d->channels - channel;
      const int32_t *other = left > 2 ? stream + step : stream; /* of none: the same once more */
      int32_t sums[4];
      forge_dense_rows_sums(d, input, stream, other, sums);
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        if (i >= left) break;
        const int32_t *parameters = (i < 2 ? stream : other) + step - 6 + i % 2 * 3;
        output[channel + i] = forge_dense_output(d, sums[i], parameters);
      }
    }
  }
}

#endif

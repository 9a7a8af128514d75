/* TRANSPOSE_CONV of 16-bit values and 8-bit weights: it gathers what the interpreter scatters.
 * weights: output_channels x kernel_height x kernel_width x input_channels. */
#ifndef FORGE_KERNELS_TRANSPOSE_CONV_INT16_H
#define FORGE_KERNELS_TRANSPOSE_CONV_INT16_H

#include "kernels/int16.h"
#include "kernels/transpose_conv.h"

/* window: of the convolution that is transposed, whose input is our output and the reverse. narrow:
 * the products of a pixel, as forge_dot_i16 has it. */
typedef struct {
  forge_window window;
  int input_channels, output_channels;
  int narrow;
  const int8_t *weights;
  const int64_t *bias;
  forge_requantization_i16 requantization;
} forge_transpose_conv_i16;

/* One output channel at one place. */
FORGE_INLINE int64_t forge_transpose_conv_i16_1(const forge_transpose_conv_i16 *c,
                                                const forge_rows *input, const forge_reach *row,
                                                const forge_reach *column, int channel) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels;
  const int8_t *weights = c->weights + channel * w->kernel_height * w->kernel_width * depth;
  int64_t sum = c->bias[channel];
  for (int i = row->begin; i < row->end; ++i) {
    const forge_i16 *from = forge_values_i16(forge_row(input, row->input - i));
    const int8_t *with = weights + (row->kernel + i * w->stride_height) * w->kernel_width * depth;
    for (int j = column->begin; j < column->end; ++j) {
      sum += forge_dot_i16(from + (column->input - j) * depth,
                           with + (column->kernel + j * w->stride_width) * depth, depth,
                           c->narrow);
    }
  }
  return sum;
}

/* Four output channels at one place. */
FORGE_INLINE void forge_transpose_conv_i16_4(const forge_transpose_conv_i16 *c,
                                             const forge_rows *input, const forge_reach *row,
                                             const forge_reach *column, int channel,
                                             int64_t sum[4]) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels;
  const int size = w->kernel_height * w->kernel_width * depth;
  const int8_t *weights = c->weights + channel * size;
  for (int i = 0; i < 4; ++i) sum[i] = c->bias[channel + i];
  for (int i = row->begin; i < row->end; ++i) {
    const forge_i16 *from = forge_values_i16(forge_row(input, row->input - i));
    const int8_t *with = weights + (row->kernel + i * w->stride_height) * w->kernel_width * depth;
    for (int j = column->begin; j < column->end; ++j) {
      forge_dot_4_i16(sum, from + (column->input - j) * depth,
                      with + (column->kernel + j * w->stride_width) * depth, size, depth,
                      c->narrow);
    }
  }
}

/* Output row y. */
FORGE_INLINE void forge_transpose_conv_i16_row(const forge_transpose_conv_i16 *c, int y,
                                               const forge_rows *input, int8_t *bytes) {
  const forge_window *w = &c->window;
  forge_i16 *output = forge_output_i16(bytes);
  const forge_reach row = forge_transpose_conv_rows(w, y);
  for (int x = 0; x < w->input_width; ++x) {
    const forge_reach column = forge_transpose_conv_reach(x + w->pad_left, w->stride_width,
                                                          w->kernel_width, w->output_width);
    int channel = 0;
    for (; channel + 4 <= c->output_channels; channel += 4, output += 4) {
      int64_t sum[4];
      forge_transpose_conv_i16_4(c, input, &row, &column, channel, sum);
      forge_requantize_4_i16(&c->requantization, sum, channel, output);
    }
    for (; channel < c->output_channels; ++channel) {
      const int64_t sum = forge_transpose_conv_i16_1(c, input, &row, &column, channel);
      *output++ = forge_requantize_channel_i16(&c->requantization, sum, channel);
    }
  }
}

#endif

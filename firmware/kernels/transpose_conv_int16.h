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

/* count output channels at one place, 1 or 4. */
FORGE_INLINE void forge_transpose_conv_i16_sums(const forge_transpose_conv_i16 *c,
                                                const forge_rows *input, const forge_reach *row,
                                                const forge_reach *column, int channel, int count,
                                                int64_t *sum) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels;
  const int size = w->kernel_height * w->kernel_width * depth;
  const int8_t *weights = c->weights + channel * size;
  for (int i = 0; i < count; ++i) sum[i] = c->bias[channel + i];
  for (int i = row->begin; i < row->end; ++i) {
    const forge_i16 *from = forge_values_i16(forge_row(input, row->input - i));
    const int8_t *with = weights + (row->kernel + i * w->stride_height) * w->kernel_width * depth;
    for (int j = column->begin; j < column->end; ++j) {
      const forge_i16 *values = from + (column->input - j) * depth;
      const int8_t *filter = with + (column->kernel + j * w->stride_width) * depth;
      if (count == 4) {
        forge_dot_4_i16(sum, values, filter, size, depth, c->narrow);
      } else {
        sum[0] += forge_dot_i16(values, filter, depth, c->narrow);
      }
    }
  }
}

/* Output row y. */
FORGE_INLINE void forge_transpose_conv_i16_row(const forge_transpose_conv_i16 *c, int y,
                                               const forge_rows *input, int8_t *bytes) {
  const forge_window *w = &c->window;
  forge_i16 *output = forge_output_i16(bytes);
  const forge_reach row = forge_transpose_conv_reach(y + w->pad_top, w->stride_height,
                                                     w->kernel_height, w->output_height);
  for (int x = 0; x < w->input_width; ++x) {
    const forge_reach column = forge_transpose_conv_reach(x + w->pad_left, w->stride_width,
                                                          w->kernel_width, w->output_width);
    int64_t sum[4];
    int channel = 0;
    for (; channel + 4 <= c->output_channels; channel += 4, output += 4) {
      forge_transpose_conv_i16_sums(c, input, &row, &column, channel, 4, sum);
      forge_requantize_4_i16(&c->requantization, sum, channel, output);
    }
    for (; channel < c->output_channels; ++channel) {
      forge_transpose_conv_i16_sums(c, input, &row, &column, channel, 1, sum);
      *output++ = forge_requantize_channel_i16(&c->requantization, sum[0], channel);
    }
  }
}

#endif

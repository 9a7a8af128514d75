/* TRANSPOSE_CONV: every output is a bias plus the dot products with all inputs that reach it.
 * No accumulators beside the output: it gathers what the interpreter scatters.
 * weights: output_channels x kernel_height x kernel_width x input_channels. */
#ifndef FORGE_KERNELS_TRANSPOSE_CONV_H
#define FORGE_KERNELS_TRANSPOSE_CONV_H

#include "kernels/dot.h"
#include "kernels/requantize.h"
#include "kernels/window.h"

/* window: of the convolution that is transposed, whose input is our output and the reverse. */
typedef struct {
  forge_window window;
  int input_channels, output_channels;
  int input_zero_point;
  const int8_t *weights;
  const int32_t *bias;
  forge_requantization requantization;
} forge_transpose_conv;

/* What reaches one row or column of the output: input - i through kernel + i * stride, for every i
 * in [begin, end). */
typedef struct {
  int input, kernel, begin, end;
} forge_reach;

/* position: of the output's row or column, padding counted. */
FORGE_INLINE forge_reach forge_transpose_conv_reach(int position, int stride, int kernel_size,
                                                    int input_size) {
  forge_reach reach;
  reach.input = position / stride;
  reach.kernel = position % stride;
  reach.begin = reach.input < input_size ? 0 : reach.input - input_size + 1;
  const int taps = (kernel_size - reach.kernel + stride - 1) / stride;
  reach.end = reach.input < taps ? reach.input + 1 : taps;
  return reach;
}

/* What reaches output row y; its input is counted over all pictures. */
FORGE_INLINE forge_reach forge_transpose_conv_rows(const forge_window *w, int y) {
  const int picture = w->pictures > 1 ? y / w->input_height : 0;
  forge_reach row = forge_transpose_conv_reach(y - picture * w->input_height + w->pad_top,
                                               w->stride_height, w->kernel_height,
                                               w->output_height);
  row.input += picture * w->output_height;
  return row;
}

/* One output channel at one place. */
FORGE_INLINE int32_t forge_transpose_conv_1(const forge_transpose_conv *c, const forge_rows *input,
                                            const forge_reach *row, const forge_reach *column,
                                            int channel) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels;
  const int8_t *weights = c->weights + channel * w->kernel_height * w->kernel_width * depth;
  int32_t acc = c->bias[channel];
  for (int i = row->begin; i < row->end; ++i) {
    const int8_t *from = forge_row(input, row->input - i);
    const int8_t *with = weights + (row->kernel + i * w->stride_height) * w->kernel_width * depth;
    for (int j = column->begin; j < column->end; ++j) {
      acc = forge_dot(acc, from + (column->input - j) * depth,
                      with + (column->kernel + j * w->stride_width) * depth, depth,
                      c->input_zero_point);
    }
  }
  return acc;
}

/* Four output channels at one place. */
FORGE_INLINE void forge_transpose_conv_4(const forge_transpose_conv *c, const forge_rows *input,
                                         const forge_reach *row, const forge_reach *column,
                                         int channel, int32_t acc[4]) {
  const forge_window *w = &c->window;
  const int depth = c->input_channels;
  const int size = w->kernel_height * w->kernel_width * depth;
  const int8_t *weights = c->weights + channel * size;
  for (int i = 0; i < 4; ++i) acc[i] = c->bias[channel + i];
  for (int i = row->begin; i < row->end; ++i) {
    const int8_t *from = forge_row(input, row->input - i);
    const int8_t *with = weights + (row->kernel + i * w->stride_height) * w->kernel_width * depth;
    for (int j = column->begin; j < column->end; ++j) {
      forge_dot_4(acc, from + (column->input - j) * depth,
                  with + (column->kernel + j * w->stride_width) * depth, size, depth,
                  c->input_zero_point);
    }
  }
}

/* Output row y. */
FORGE_INLINE void forge_transpose_conv_row(const forge_transpose_conv *c, int y,
                                           const forge_rows *input, int8_t *output) {
  const forge_window *w = &c->window;
  const forge_reach row = forge_transpose_conv_rows(w, y);
  for (int x = 0; x < w->input_width; ++x) {
    const forge_reach column = forge_transpose_conv_reach(x + w->pad_left, w->stride_width,
                                                          w->kernel_width, w->output_width);
    int channel = 0;
    for (; channel + 4 <= c->output_channels; channel += 4, output += 4) {
      int32_t acc[4];
      forge_transpose_conv_4(c, input, &row, &column, channel, acc);
      forge_requantize_4(&c->requantization, acc, channel, output);
    }
    for (; channel < c->output_channels; ++channel) {
      const int32_t acc = forge_transpose_conv_1(c, input, &row, &column, channel);
      *output++ = forge_requantize_channel(&c->requantization, acc, channel);
    }
  }
}

#endif

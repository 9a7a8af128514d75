/* A picture of another size as the model takes it: Pillow's bilinear filter, bit for bit, which its
 * training data went through.
 *
 * A pixel is a weighted mean of a row's pixels, rounded to a byte, and then one of these over rows.
 * The tables, of one axis each, are made by `tinyforge generate`: include/resize.h. */
#ifndef FORGE_FORGE_RESIZE_H
#define FORGE_FORGE_RESIZE_H

#include <stdint.h>

/* The weights have this many fraction bits; those of one pixel add up to 1, or a little off. */
#define FORGE_RESIZE_BITS 22

/* One axis of a picture. Pixel i is made of at most `most` pixels from first[i] on, with the weights
 * from weights[i * most] on, none of them negative; those beyond the last pixel are 0. */
typedef struct {
  int size, most; /* size: of the picture before */
  const uint16_t *first;
  const int32_t *weights;
} forge_resize_axis;

/* One byte of the picture, (row, column, channel). bytes: of the picture before, row by row, with the
 * channels of a pixel side by side. */
static inline uint8_t forge_resized_at(const forge_resize_axis *rows, const forge_resize_axis *columns,
                                       int channels, const uint8_t *bytes, int row, int column,
                                       int channel) {
  const int32_t *const down = rows->weights + row * rows->most;
  const int32_t *const across = columns->weights + column * columns->most;
  /* At most 255 times 1 and a little: below 2^31. */
  int32_t sum = 1 << (FORGE_RESIZE_BITS - 1);
  for (int y = 0; y < rows->most && rows->first[row] + y < rows->size; y++) {
    const uint8_t *const from =
        bytes + ((rows->first[row] + y) * columns->size + columns->first[column]) * channels + channel;
    int32_t mean = 1 << (FORGE_RESIZE_BITS - 1);
    for (int x = 0; x < columns->most && columns->first[column] + x < columns->size; x++)
      mean += from[x * channels] * across[x];
    mean >>= FORGE_RESIZE_BITS;
    sum += (mean > 255 ? 255 : mean) * down[y];
  }
  sum >>= FORGE_RESIZE_BITS;
  return (uint8_t)(sum > 255 ? 255 : sum);
}

#endif

/* RESIZE_BILINEAR: four pixels around a place between them, weighted in steps of 1/1024. */
#ifndef FORGE_KERNELS_RESIZE_BILINEAR_H
#define FORGE_KERNELS_RESIZE_BILINEAR_H

#include "kernels/rows.h"

/* Of one direction: output i lies at input (i * scale + offset) / 1024; size is the input's. */
typedef struct {
  int scale, offset, size;
} forge_resize_axis;

/* width, channels: of an output row. pictures: how many there are, one above the other, where there
 * are several, and height: of each of them; both are 0 where there is one. */
typedef struct {
  forge_resize_axis down, across;
  int width, channels;
  int pictures, height;
} forge_resize_bilinear;

/* The input's places on either side of a place of the output, and how much of the second. */
typedef struct {
  int lower, upper, fraction;
} forge_between;

FORGE_INLINE forge_between forge_resize_between(const forge_resize_axis *axis, int i) {
  const int place = i * axis->scale + axis->offset;
  const int lower = place > 0 ? place >> 10 : 0;
  const int above = (place + 1023) >> 10;
  return (forge_between){lower, above < axis->size ? above : axis->size - 1, place - lower * 1024};
}

/* Row y of the output. */
FORGE_INLINE void forge_resize_bilinear_row(const forge_resize_bilinear *c, int y,
                                            const forge_rows *input, int8_t *output) {
  const int picture = c->pictures > 1 ? y / c->height : 0;
  const forge_between down = forge_resize_between(&c->down, y - picture * c->height);
  const int8_t *top = forge_row(input, picture * c->down.size + down.lower);
  const int8_t *bottom = forge_row(input, picture * c->down.size + down.upper);
  for (int x = 0; x < c->width; ++x, output += c->channels) {
    const forge_between across = forge_resize_between(&c->across, x);
    const int left = across.lower * c->channels, right = across.upper * c->channels;
    const int32_t part = across.fraction, rest = 1024 - part;
    for (int k = 0; k < c->channels; ++k) {
      const int32_t above = top[left + k] * rest + top[right + k] * part;
      const int32_t below = bottom[left + k] * rest + bottom[right + k] * part;
      const int32_t sum = above * (1024 - down.fraction) + below * down.fraction;
      output[k] = (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
    }
  }
}

#endif

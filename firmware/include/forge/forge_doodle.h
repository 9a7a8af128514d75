/* A drawing on a touch pad as a model's input: one channel, ink 127 on -128.
 *
 * Rendered as Quick, Draw! renders: the drawing is centred and scaled, its longer side to 256 units
 * of the 304 that the picture's side has (16 of padding and half a pen at each end), and drawn with
 * a round pen of 16 units. A pixel's ink is the part of its 16 sample points that the pen covers.
 * Integers only: the samples covered are exact. */
#ifndef FORGE_FORGE_DOODLE_H
#define FORGE_FORGE_DOODLE_H

#include <stdint.h>
#include <string.h>

#include "forge/forge_port.h"

#ifndef FORGE_DOODLE_POINTS
#define FORGE_DOODLE_POINTS 512 /* of a drawing; those beyond are ignored */
#endif

typedef struct {
  uint32_t count;
  forge_point points[FORGE_DOODLE_POINTS];
} forge_doodle;

static inline void forge_doodle_add(forge_doodle *doodle, forge_point point) {
  if (doodle->count < FORGE_DOODLE_POINTS) doodle->points[doodle->count++] = point;
}

/* Positions in the picture, in sixteenths of a pixel. */
typedef struct {
  int32_t x, y;
} forge_doodle_spot;

typedef struct {
  int8_t *pixels;
  int32_t height, width;
  int32_t pen_squared; /* radius of the pen, squared */
} forge_doodle_canvas;

static inline int32_t forge_doodle_dot(forge_doodle_spot a, forge_doodle_spot b) {
  return a.x * b.x + a.y * b.y;
}

/* Whether p lies within the pen's radius of the line from a to b. The products stay below 2^62 for
 * pictures of up to 1024 pixels a side. */
static inline int forge_doodle_covers(forge_doodle_spot a, forge_doodle_spot b,
                                      forge_doodle_spot p, int32_t pen_squared) {
  const forge_doodle_spot ab = {b.x - a.x, b.y - a.y};
  const forge_doodle_spot ap = {p.x - a.x, p.y - a.y};
  const forge_doodle_spot bp = {p.x - b.x, p.y - b.y};
  const int32_t length_squared = forge_doodle_dot(ab, ab);
  const int32_t along = forge_doodle_dot(ab, ap);
  if (along <= 0) return forge_doodle_dot(ap, ap) <= pen_squared;
  if (along >= length_squared) return forge_doodle_dot(bp, bp) <= pen_squared;
  const int64_t across = (int64_t)ab.x * ap.y - (int64_t)ab.y * ap.x;
  return across * across <= (int64_t)pen_squared * length_squared;
}

/* Inks one pixel, where the line from a to b leaves more ink than there is. */
static inline void forge_doodle_ink(const forge_doodle_canvas *canvas, int32_t row, int32_t column,
                                    forge_doodle_spot a, forge_doodle_spot b) {
  int32_t covered = 0;
  for (int32_t y = 2; y < 16; y += 4) {
    for (int32_t x = 2; x < 16; x += 4) {
      const forge_doodle_spot sample = {column * 16 + x, row * 16 + y};
      covered += forge_doodle_covers(a, b, sample, canvas->pen_squared);
    }
  }
  int8_t *pixel = canvas->pixels + (size_t)row * (size_t)canvas->width + (size_t)column;
  const int8_t ink = (int8_t)(covered * 255 / 16 - 128);
  if (ink > *pixel) *pixel = ink;
}

static inline int32_t forge_doodle_clamp(int32_t value, int32_t limit) {
  return value < 0 ? 0 : value >= limit ? limit - 1 : value;
}

/* The line from a to b; only pixels the pen can reach are looked at. */
static inline void forge_doodle_line(const forge_doodle_canvas *canvas, forge_doodle_spot a,
                                     forge_doodle_spot b) {
  int32_t reach = 1; /* whole pixels that are no less than the radius */
  while (reach * reach * 256 < canvas->pen_squared) reach++;
  const int32_t left = (a.x < b.x ? a.x : b.x) / 16 - reach;
  const int32_t right = (a.x > b.x ? a.x : b.x) / 16 + reach;
  const int32_t top = (a.y < b.y ? a.y : b.y) / 16 - reach;
  const int32_t bottom = (a.y > b.y ? a.y : b.y) / 16 + reach;
  const int32_t last_row = forge_doodle_clamp(bottom, canvas->height);
  const int32_t last_column = forge_doodle_clamp(right, canvas->width);
  for (int32_t row = forge_doodle_clamp(top, canvas->height); row <= last_row; row++) {
    for (int32_t column = forge_doodle_clamp(left, canvas->width); column <= last_column;
         column++) {
      forge_doodle_ink(canvas, row, column, a, b);
    }
  }
}

/* The smallest box around all points: least and greatest x and y. */
typedef struct {
  int32_t left, right, top, bottom;
} forge_doodle_box;

static inline forge_doodle_box forge_doodle_bounds(const forge_doodle *doodle) {
  forge_doodle_box box = {255, 0, 255, 0};
  for (uint32_t i = 0; i < doodle->count; i++) {
    const int32_t x = doodle->points[i].x, y = doodle->points[i].y;
    if (x < box.left) box.left = x;
    if (x > box.right) box.right = x;
    if (y < box.top) box.top = y;
    if (y > box.bottom) box.bottom = y;
  }
  return box;
}

/* Draws into pixels, int8 [height][width], each side at most 1024. */
static inline void forge_doodle_draw(const forge_doodle *doodle, int8_t *pixels, int32_t height,
                                     int32_t width) {
  const int32_t side = height < width ? height : width;
  const forge_doodle_canvas canvas = {pixels, height, width, side * side * 64 / 361};
  const forge_doodle_box box = forge_doodle_bounds(doodle);
  const int32_t tall = box.bottom - box.top, wide = box.right - box.left;
  const int32_t longer = tall > wide ? tall : wide;
  /* Twice the drawing's own unit, so that the box's middle is whole. A dot has no size to scale. */
  const int32_t divisor = 19 * 2 * (longer > 0 ? longer : 1);
  memset(pixels, -128, (size_t)height * (size_t)width);
  forge_doodle_spot before = {0, 0};
  for (uint32_t i = 0; i < doodle->count; i++) {
    const forge_point *point = &doodle->points[i];
    const forge_doodle_spot here = {
        width * 8 + (2 * point->x - box.left - box.right) * side * 256 / divisor,
        height * 8 + (2 * point->y - box.top - box.bottom) * side * 256 / divisor,
    };
    const int begins = i == 0 || point->pen == FORGE_PEN_MOVE;
    forge_doodle_line(&canvas, begins ? here : before, here);
    before = here;
  }
}

#endif

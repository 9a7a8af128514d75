/* TFLite_Detection_PostProcess: boxes from their encodings, and of those that overlap the best.
 *
 * Every operation is one rounding of IEEE 754, in the interpreter's order: no compiler may join a
 * product and a sum (forge_rounded). Candidates are not sorted: the next best one is looked for. */
#ifndef FORGE_KERNELS_DETECTION_H
#define FORGE_KERNELS_DETECTION_H

#include <string.h>

#include "kernels/fixed_point.h"
#include "kernels/plain.h"

/* anchors: y, x, height and width of each box. encoding: floats of one box, the first four of which
 * count. score_step: from one box's scores to the next one's; label_offset: 1 with a background.
 * regular: classes are taken one by one, per_class boxes of each; else each box has its best one. */
typedef struct {
  int boxes, encoding, classes, score_step, label_offset;
  int max_detections, per_class, regular;
  float score_threshold, overlap_threshold;
  float y_scale, x_scale, height_scale, width_scale;
  const float *anchors;
} forge_detection;

typedef struct __attribute__((may_alias)) {
  float ymin, xmin, ymax, xmax;
} forge_box;

/* A value as it is in memory. */
FORGE_INLINE double forge_rounded(double x) {
  __asm__("" : "+m"(x));
  return x;
}

/* e^x to the last bit but one: 2^n times a Taylor series around 0. */
static inline double forge_real_exp(double x) {
  if (x > 709.0) return (double)__builtin_inff();
  if (x < -708.0) return 0.0;
  const double turns = x * 1.4426950408889634;
  const int32_t n = (int32_t)(turns + (turns < 0 ? -0.5 : 0.5));
  const double rest = x - n * 0.693147180369123816490 - n * 1.90821492927058770002e-10;
  double sum = 1.0;
  for (int i = 14; i > 0; --i) sum = 1.0 + sum * rest / i;
  const uint64_t bits = (uint64_t)(n + 1023) << 52;
  double power;
  memcpy(&power, &bits, sizeof power);
  return sum * power;
}

/* Half of a side. */
FORGE_INLINE float forge_half_side(float encoded, float scale, float anchor) {
  return (float)(0.5 * forge_real_exp((double)encoded / (double)scale) * (double)anchor);
}

FORGE_INLINE float forge_center(float encoded, float scale, float side, float anchor) {
  const double distance = forge_rounded((double)encoded / (double)scale * (double)side);
  return (float)(distance + (double)anchor);
}

static inline forge_box forge_decoded_box(const forge_detection *c, const forge_f32 *encodings,
                                          int i) {
  const forge_f32 *e = encodings + i * c->encoding;
  const float *anchor = c->anchors + i * 4;
  const float y = forge_center(e[0], c->y_scale, anchor[2], anchor[0]);
  const float x = forge_center(e[1], c->x_scale, anchor[3], anchor[1]);
  const float height = forge_half_side(e[2], c->height_scale, anchor[2]);
  const float width = forge_half_side(e[3], c->width_scale, anchor[3]);
  return (forge_box){y - height, x - width, y + height, x + width};
}

FORGE_INLINE float forge_larger(float a, float b) { return a < b ? b : a; }
FORGE_INLINE float forge_smaller(float a, float b) { return b < a ? b : a; }

/* Intersection over union. */
static inline float forge_overlap(const forge_box *a, const forge_box *b) {
  const float area_a = (a->ymax - a->ymin) * (a->xmax - a->xmin);
  const float area_b = (b->ymax - b->ymin) * (b->xmax - b->xmin);
  if (area_a <= 0 || area_b <= 0) return 0.0f;
  const float height = forge_smaller(a->ymax, b->ymax) - forge_larger(a->ymin, b->ymin);
  const float width = forge_smaller(a->xmax, b->xmax) - forge_larger(a->xmin, b->xmin);
  const float shared =
      (float)forge_rounded(forge_larger(height, 0.0f) * forge_larger(width, 0.0f));
  return shared / ((float)forge_rounded(area_a) + (float)forge_rounded(area_b) - shared);
}

/* The best box after one of a score and a number, of two alike the first; -1 for none. */
static inline int forge_next_box(const forge_detection *c, const forge_f32 *scores, int step,
                                 float score, int number) {
  int best = -1;
  for (int i = 0; i < c->boxes; ++i) {
    const float s = scores[i * step];
    if (!(s >= c->score_threshold)) continue;
    if (s > score || (s == score && i <= number)) continue; /* had its turn */
    if (best < 0 || s > scores[best * step]) best = i;
  }
  return best;
}

/* Where detections go: boxes, classes and scores of each, most at most. */
typedef struct {
  forge_box *boxes;
  forge_f32 *classes, *scores;
  int count, most;
} forge_detections;

/* Puts one behind those that score as well, and drops the last where there are too many. */
static inline void forge_add_detection(forge_detections *d, const forge_box *box, float class_index,
                                       float score) {
  int at = d->count;
  while (at > 0 && d->scores[at - 1] < score) --at;
  if (at == d->most) return;
  const int last = d->count < d->most ? d->count++ : d->most - 1;
  for (int i = last; i > at; --i) {
    d->boxes[i] = d->boxes[i - 1];
    d->classes[i] = d->classes[i - 1];
    d->scores[i] = d->scores[i - 1];
  }
  d->boxes[at] = *box;
  d->classes[at] = class_index;
  d->scores[at] = score;
}

/* Suppresses what overlaps: numbers and boxes of those that stay, most at most. Their count. */
static inline int forge_select_boxes(const forge_detection *c, const forge_f32 *encodings,
                                     const forge_f32 *scores, int step, int most, forge_i32 *numbers,
                                     forge_box *boxes) {
  int count = 0;
  float score = __builtin_inff();
  for (int number = -1; count < most;) {
    number = forge_next_box(c, scores, step, score, number);
    if (number < 0) break;
    score = scores[number * step];
    const forge_box box = forge_decoded_box(c, encodings, number);
    int apart = 1;
    for (int i = 0; i < count && apart; ++i) {
      apart = !(forge_overlap(&boxes[i], &box) > c->overlap_threshold);
    }
    if (!apart) continue;
    numbers[count] = number;
    boxes[count++] = box;
  }
  return count;
}

/* A box's best class, of several alike the first. */
FORGE_INLINE int forge_best_class(const forge_detection *c, const forge_f32 *scores, int box) {
  const forge_f32 *of_box = scores + box * c->score_step + c->label_offset;
  int best = 0;
  for (int i = 1; i < c->classes; ++i) {
    if (of_box[i] > of_box[best]) best = i;
  }
  return best;
}

/* memory: for the numbers and boxes of one selection, 20 bytes each; without regular also for a
 * score of each box. What no detection fills is 0: the interpreter leaves it as it was. */
FORGE_INLINE void forge_detection_run(const forge_detection *c, const int8_t *encoding_bytes,
                                      const int8_t *score_bytes, int8_t *box_bytes,
                                      int8_t *class_bytes, int8_t *detected_bytes,
                                      int8_t *count_bytes, void *memory) {
  const forge_f32 *encodings = (const forge_f32 *)(const void *)encoding_bytes;
  const forge_f32 *scores = (const forge_f32 *)(const void *)score_bytes;
  const int most = c->regular ? c->per_class : c->max_detections;
  const int room = most < c->boxes ? most : c->boxes;
  forge_box *boxes = (forge_box *)memory;
  forge_i32 *numbers = (forge_i32 *)(void *)(boxes + room);
  forge_detections found = {(forge_box *)(void *)box_bytes, (forge_f32 *)(void *)class_bytes,
                            (forge_f32 *)(void *)detected_bytes, 0, c->max_detections};
  memset(found.boxes, 0, (size_t)c->max_detections * sizeof(forge_box));
  memset(found.classes, 0, (size_t)c->max_detections * sizeof(float));
  memset(found.scores, 0, (size_t)c->max_detections * sizeof(float));
  if (c->regular) {
    for (int k = 0; k < c->classes; ++k) {
      const forge_f32 *of_class = scores + k + c->label_offset;
      const int count =
          forge_select_boxes(c, encodings, of_class, c->score_step, room, numbers, boxes);
      for (int i = 0; i < count; ++i) {
        forge_add_detection(&found, &boxes[i], (float)k, of_class[numbers[i] * c->score_step]);
      }
    }
  } else {
    forge_f32 *best = (forge_f32 *)(void *)(numbers + room);
    for (int i = 0; i < c->boxes; ++i) {
      best[i] = scores[i * c->score_step + c->label_offset + forge_best_class(c, scores, i)];
    }
    const int count = forge_select_boxes(c, encodings, best, 1, room, numbers, boxes);
    for (int i = 0; i < count; ++i) {
      found.boxes[i] = boxes[i];
      found.classes[i] = (float)forge_best_class(c, scores, numbers[i]);
      found.scores[i] = best[numbers[i]];
    }
    found.count = count;
  }
  *(forge_f32 *)(void *)count_bytes = (float)found.count;
}

#endif

/* What applications around a sensor share: its samples become rows of int8, a window of rows is the
 * model's input, and an answer is said when it is another one and sure enough.
 *
 * The application says by how many bytes the window moves on: FORGE_WINDOW_HOP, before this. Where
 * the board has no such sensor, inputs come as frames. */
#ifndef FORGE_FORGE_SENSED_H
#define FORGE_FORGE_SENSED_H

#include "forge/forge_app.h"
#include "forge/forge_window.h"

#ifndef FORGE_THRESHOLD
#define FORGE_THRESHOLD 500 /* thousandths: the score that an answer has at the least */
#endif

_Static_assert(sizeof(forge_input_t) == 1 && (forge_input_t)-1 < 0, "rows are of int8");

/* A step of the sensor, of a scale in the model's unit, as steps of the model's input, in 2^32:
 * worked out by the compiler, so that no floating point is linked in. */
#define FORGE_SENSED_RATIO(scale) \
  ((int64_t)((double)(scale) / (double)FORGE_INPUT_SCALE * 4294967296.0 + 0.5))

/* So many steps of the sensor as the model wants them, as forge_quantize_input rounds. The ratio is
 * below 2^46, or 16384 steps of the input for one of the sensor. */
static inline int8_t forge_sensed_quantized(int32_t steps, int64_t ratio) {
  const uint32_t size = steps < 0 ? 0u - (uint32_t)steps : (uint32_t)steps;
  const int64_t rounded = (int64_t)(((uint64_t)size * (uint64_t)ratio + 0x80000000u) >> 32);
  const int64_t q = (steps < 0 ? -rounded : rounded) + FORGE_INPUT_ZERO_POINT;
  return (int8_t)(q < INT8_MIN ? INT8_MIN : q > INT8_MAX ? INT8_MAX : q);
}

/* Says a class when it is another one than before, or is sure again; a single score's class 0 is
 * that there is nothing to say. */
static inline void forge_sensed_say(void) {
#if FORGE_CLASS_SCORES > 0
  static int32_t said = -1;
  const forge_answer answer = forge_answer_now();
  const int nothing = FORGE_CLASS_SCORES == 1 && answer.index == 0;
  const int32_t now = nothing || answer.thousandths < FORGE_THRESHOLD ? -1 : answer.index;
  if (now >= 0 && now != said) forge_answer_say(answer);
  said = now;
#endif
}

/* Fills the window, row by row of so many bytes. Returns 0 when there are no more. */
static inline int forge_sensed_window(int (*next_row)(int8_t *row), size_t row_bytes) {
  size_t fresh;
  int8_t *row = forge_window_move(&fresh);
  for (; fresh > 0; fresh -= row_bytes, row += row_bytes) {
    if (!next_row(row)) return 0;
  }
  return 1;
}

/* The whole application. next_row: reads a row; returns 0 when there are no more. */
static inline int forge_sensed_run(int (*next_row)(int8_t *row), size_t row_bytes) {
  forge_status status = forge_app_start();
  if (status != FORGE_OK) return forge_app_fail(status);
  if (!forge_port_has_samples()) return forge_app_frames();
  while (forge_sensed_window(next_row, row_bytes)) {
    status = forge_window_run();
    if (status != FORGE_OK) return forge_app_fail(status);
    forge_sensed_say();
    forge_app_hand_over();
  }
  return 0;
}

#endif

/* A watch's application: sample, fill a window, infer, sleep; the battery decides.
 *
 * The window is the model's input. It moves on by a hop each time: by default its whole length, or
 * fewer bytes, so that windows overlap; of a model with several inputs it is all of them, and never
 * overlaps. Where the board has a touch pad and the model takes nothing but a picture of one channel,
 * the input is what is drawn on the pad instead.
 *
 * Give other values with -D. */
#include "forge/forge_app.h"
#include "forge/forge_doodle.h"
#include "forge/forge_print.h"
#include "model.h"

#ifndef FORGE_WATCH_PERIOD_MS
#define FORGE_WATCH_PERIOD_MS 1000 /* from one answer to the next */
#endif
#ifndef FORGE_WATCH_HOP
#define FORGE_WATCH_HOP FORGE_INPUT_BYTES
#endif
#ifndef FORGE_REPORT_EVERY
#define FORGE_REPORT_EVERY 16 /* answers; also when the samples end */
#endif

#define FORGE_WINDOW_HOP FORGE_WATCH_HOP
#include "forge/forge_window.h"

_Static_assert(FORGE_WATCH_PERIOD_MS > 0 && FORGE_WATCH_PERIOD_MS <= 1000000,
               "the period is 1 to 1000000 ms");
_Static_assert(FORGE_REPORT_EVERY > 0, "reports must have answers");

/* Microseconds since the last report. */
typedef struct {
  uint32_t answers;
  uint64_t awake;
  uint64_t whole;
} duty;

/* Each input to its place, the one that is fed by rows last. */
static int read_each(void) {
  static const size_t sizes[] = {FORGE_INPUTS(FORGE_TENSOR_BYTES)};
  int8_t *rows = forge_window();
  int8_t *place = forge_window();
  for (int i = 0; i < FORGE_INPUT_COUNT; place += sizes[i++]) {
    if (i == FORGE_ROWS_INPUT) {
      rows = place;
    } else if (!forge_port_read_frame(place, sizes[i])) {
      return 0;
    }
  }
  return forge_port_read_frame(rows, sizes[FORGE_ROWS_INPUT]);
}

static int read_window(void) {
  if (FORGE_INPUT_COUNT > 1) return FORGE_FED_BY_ROWS ? read_each() : forge_app_read_inputs();
  size_t fresh;
  int8_t *place = forge_window_move(&fresh);
  return forge_port_read_frame(place, fresh);
}

/* What can be drawn: no channels where the input is no picture. */
typedef struct {
  int32_t height, width, channels;
} size;

static size drawn_size(void) {
#if FORGE_INPUT_COUNT == 1
  static const int32_t shape[] = FORGE_INPUT_SHAPE;
  if (FORGE_INPUT_RANK == 4 && sizeof(forge_input_t) == 1) {
    return (size){shape[1], shape[2], shape[FORGE_INPUT_RANK - 1]};
  }
#endif
  return (size){0, 0, 0};
}

/* Reads points until a drawing is finished. Returns 1, or 0 when there are no more. */
static int read_drawing(forge_doodle *doodle) {
  forge_point point;
  doodle->count = 0;
  while (forge_port_read_point(&point)) {
    if (point.pen == FORGE_PEN_DONE) return 1;
    forge_doodle_add(doodle, point);
  }
  return 0;
}

static void report(duty *spent) {
  const uint64_t whole = spent->whole > 0 ? spent->whole : 1;
  const uint32_t hundredths = (uint32_t)(spent->awake * 10000u / whole); /* of a per cent */
  forge_port_print("watch: ");
  forge_print_unsigned(spent->answers);
  forge_port_print(" answers, ");
  forge_print_unsigned((uint32_t)(spent->awake / spent->answers));
  forge_port_print(" us awake for each, duty cycle ");
  forge_print_unsigned(hundredths / 100);
  forge_port_print(hundredths % 100 < 10 ? ".0" : ".");
  forge_print_unsigned(hundredths % 100);
  forge_port_print(" %\n");
  *spent = (duty){0, 0, 0};
}

/* Sleeps until a period after start. */
static void sleep_until_next(uint32_t start) {
  const uint32_t passed = forge_port_micros() - start;
  const uint32_t period = FORGE_WATCH_PERIOD_MS * 1000u;
  if (passed < period) forge_port_sleep(period - passed);
}

static int run(void) {
  static forge_doodle doodle;
  forge_status status = forge_app_start();
  if (status != FORGE_OK) return forge_app_fail(status);
  const size picture = drawn_size();
  const int drawing = picture.channels == 1 && forge_port_has_touch_pad();
  duty spent = {0, 0, 0};
  uint32_t start = forge_port_micros();
  while (drawing ? read_drawing(&doodle) : read_window()) {
    const uint32_t woken = forge_port_micros();
    if (drawing) forge_doodle_draw(&doodle, forge_window(), picture.height, picture.width);
    status = forge_window_run();
    if (status != FORGE_OK) return forge_app_fail(status);
    forge_app_answer();
    spent.awake += forge_port_micros() - woken;
    sleep_until_next(start);
    const uint32_t now = forge_port_micros();
    spent.whole += now - start;
    start = now;
    if (++spent.answers == FORGE_REPORT_EVERY) report(&spent);
  }
  if (spent.answers > 0) report(&spent);
  return 0;
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(run());
}

/* A drone's application: pictures at a fixed rate, an answer before the next picture is due.
 *
 * A tick every period. At each the camera's rows are read, the model runs, the answer goes out;
 * latency is the time from the tick to the answer, and the deadline is the next tick. A late answer
 * is counted, and the ticks it has overrun are skipped: the loop never runs to catch up.
 *
 * Give other values with -D. */
#include "forge/forge_app.h"
#include "forge/forge_print.h"
#include "forge/forge_rows.h"
#include "model.h"

#ifndef FORGE_DRONE_PERIOD_US
#define FORGE_DRONE_PERIOD_US 33333 /* 30 pictures a second */
#endif
#ifndef FORGE_DRONE_WATCHDOG_MS
#define FORGE_DRONE_WATCHDOG_MS 500 /* without an answer for so long, the board is reset */
#endif
#ifndef FORGE_REPORT_EVERY
#define FORGE_REPORT_EVERY 64 /* answers; also when the pictures end */
#endif

_Static_assert(FORGE_DRONE_PERIOD_US > 0, "the period must be positive");
_Static_assert(FORGE_REPORT_EVERY > 0, "reports must have answers");

typedef struct {
  uint32_t answers;
  uint32_t missed; /* answers that came after their deadline */
  uint32_t worst;  /* latency, in microseconds */
} deadlines;

/* Reads the next picture row by row, as cameras deliver it. Returns 0 when there are no more. */
static int read_picture(void) {
  int8_t *picture = forge_input_at(FORGE_ROWS_INPUT);
  for (size_t row = 0; row < FORGE_INPUT_ROWS; row++) {
    if (!forge_port_read_row(picture + row * FORGE_INPUT_ROW_BYTES, FORGE_INPUT_ROW_BYTES)) return 0;
  }
  return 1;
}

/* Reads the next picture, and as frames what other inputs the model has, and answers. Returns 0 when
 * there are no more, or when the model fails. */
static int answer(forge_status *status) {
  if (FORGE_FED_BY_ROWS) return forge_rows_answer(status);
  static const size_t sizes[] = {FORGE_INPUTS(FORGE_TENSOR_BYTES)};
  for (int i = 0; i < FORGE_INPUT_COUNT; i++) {
    const int read = i == FORGE_ROWS_INPUT ? read_picture()
                                           : forge_port_read_frame(forge_input_at(i), sizes[i]);
    if (!read) return 0;
  }
  *status = forge_invoke();
  return *status == FORGE_OK;
}

static void note(deadlines *kept, uint32_t latency) {
  kept->answers++;
  if (latency > FORGE_DRONE_PERIOD_US) kept->missed++;
  if (latency > kept->worst) kept->worst = latency;
}

static void report(const deadlines *kept) {
  forge_port_print("drone: ");
  forge_print_unsigned(kept->answers);
  forge_port_print(" answers, ");
  forge_print_unsigned(kept->missed);
  forge_port_print(" deadlines missed, worst latency ");
  forge_print_unsigned(kept->worst);
  forge_port_print(" of ");
  forge_print_unsigned(FORGE_DRONE_PERIOD_US);
  forge_port_print(" us\n");
}

/* Sleeps until the next tick that is not yet over; returns when that tick was. */
static uint32_t wait_for_tick(uint32_t tick) {
  const uint32_t late = forge_port_micros() - tick;
  const uint32_t ahead = FORGE_DRONE_PERIOD_US - late % FORGE_DRONE_PERIOD_US;
  forge_port_sleep(ahead);
  return tick + late + ahead;
}

static int run(void) {
  forge_status status = forge_app_start();
  if (status != FORGE_OK) return forge_app_fail(status);
  deadlines kept = {0, 0, 0};
  forge_port_watchdog_start(FORGE_DRONE_WATCHDOG_MS);
  for (uint32_t tick = forge_port_micros(); answer(&status); tick = wait_for_tick(tick)) {
    forge_app_answer();
    note(&kept, forge_port_micros() - tick);
    forge_port_watchdog_kick();
    if (kept.answers % FORGE_REPORT_EVERY == 0) report(&kept);
  }
  if (status != FORGE_OK) return forge_app_fail(status);
  if (kept.answers % FORGE_REPORT_EVERY != 0) report(&kept);
  return 0;
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(run());
}

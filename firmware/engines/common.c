/* The part of the device API that both engines share. */
#include <string.h>

#include "forge/forge.h"
#include "forge/forge_port.h"
#include "forge/forge_print.h"
#include "forge/forge_whole.h"
#include "golden.h"
#include "model.h"

const char *forge_status_text(forge_status status) {
#define FORGE_STATUS_TEXT(name, text) text,
  static const char *const texts[] = {FORGE_STATUS_LIST(FORGE_STATUS_TEXT)};
#undef FORGE_STATUS_TEXT
  return (unsigned)status < FORGE_STATUS_COUNT ? texts[status] : "unknown status";
}

int8_t forge_quantize_input(float x) {
  const float scaled = x / FORGE_INPUT_SCALE;
  /* Outside this range the result saturates whatever the zero point; also takes care of NaN. */
  if (!(scaled > -512.0f)) return INT8_MIN;
  if (scaled > 512.0f) return INT8_MAX;
  int32_t q = (int32_t)scaled;
  const float fraction = scaled - (float)q;
  if (fraction >= 0.5f) ++q;
  if (fraction <= -0.5f) --q;
  q += FORGE_INPUT_ZERO_POINT;
  return (int8_t)(q < INT8_MIN ? INT8_MIN : q > INT8_MAX ? INT8_MAX : q);
}

float forge_dequantize_output(int8_t q) {
  return FORGE_OUTPUT_SCALE * (float)(q - FORGE_OUTPUT_ZERO_POINT);
}

#if !FORGE_FED_BY_ROWS
forge_status forge_push_row(const int8_t *row) {
  static int32_t pushed;
  if (forge_input() == NULL) return FORGE_ERROR_STATE;
  memcpy(forge_input() + (size_t)pushed * FORGE_INPUT_ROW_BYTES, row, FORGE_INPUT_ROW_BYTES);
  if (++pushed < FORGE_INPUT_ROWS) return FORGE_OK;
  pushed = 0;
  return forge_invoke();
}
#endif

static forge_status report_difference(int vector, int index, int expected, int found) {
  forge_port_print("FAIL: golden vector ");
  forge_print_number(vector);
  forge_port_print(", output ");
  forge_print_difference(index, expected, found);
  return FORGE_ERROR_SELFTEST;
}

static forge_status run_golden_vectors(void) {
  for (int vector = 0; vector < FORGE_GOLDEN_COUNT; ++vector) {
    const forge_status status = forge_run_whole(forge_golden_inputs[vector]);
    if (status != FORGE_OK) return status;
    const int8_t *expected = forge_golden_outputs[vector];
    const int8_t *found = forge_output();
    for (int i = 0; i < FORGE_OUTPUT_BYTES; ++i) {
      if (found[i] != expected[i]) return report_difference(vector, i, expected[i], found[i]);
    }
  }
  return FORGE_OK;
}

static forge_status begin_sequence(void) {
  return FORGE_STATE_BYTES > 0 ? forge_reset() : FORGE_OK;
}

forge_status forge_selftest(void) {
  const forge_status before = begin_sequence();
  if (before != FORGE_OK) return before;
  const forge_status found = run_golden_vectors();
  const forge_status after = begin_sequence();
  if (found != FORGE_OK) return found;
  if (after != FORGE_OK) return after;
  forge_port_print("PASS: ");
  forge_print_number(FORGE_GOLDEN_COUNT);
  forge_port_print(" golden vectors\n");
  return FORGE_OK;
}

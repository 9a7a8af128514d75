/* How every application begins, and how it ends when something fails. */
#ifndef FORGE_FORGE_APP_H
#define FORGE_FORGE_APP_H

#include "forge/forge.h"
#include "forge/forge_answer.h"
#include "forge/forge_port.h"
#include "forge/forge_rows.h"
#include "model.h"

/* Says what failed; returns the exit status of a program that failed. */
static inline int forge_app_fail(forge_status status) {
  forge_port_print("FAIL: ");
  forge_port_print(forge_status_text(status));
  forge_port_print("\n");
  return 1;
}

/* Brings the model up and tests it: no application answers a frame before that has passed. */
static inline forge_status forge_app_start(void) {
  const forge_status status = forge_init();
  return status == FORGE_OK ? forge_selftest() : status;
}

/* Reads the model's inputs, a frame each, one after the other. Returns 0 when there are no more. Not
 * where the model is fed by rows. */
static inline int forge_app_read_inputs(void) {
  static const size_t sizes[] = {FORGE_INPUTS(FORGE_TENSOR_BYTES)};
  for (int i = 0; i < FORGE_INPUT_COUNT; i++) {
    if (!forge_port_read_frame(forge_input_at(i), sizes[i])) return 0;
  }
  return 1;
}

/* Hands over the model's outputs, one after the other. */
static inline void forge_app_hand_over(void) {
  static const size_t sizes[] = {FORGE_OUTPUTS(FORGE_TENSOR_BYTES)};
  for (int i = 0; i < FORGE_OUTPUT_COUNT; i++) {
    forge_port_write_result(forge_output_at(i), sizes[i]);
  }
}

/* Says a classifier's answer on the console, and hands over all outputs. */
static inline void forge_app_answer(void) {
  forge_answer_print();
  forge_app_hand_over();
}

/* Runs the model on the next frame. Returns 0 when there are no more, or when the model fails, and
 * then *status says how. */
static inline int forge_app_run_frame(forge_status *status) {
  if (FORGE_FED_BY_ROWS) return forge_rows_answer(status);
  if (!forge_app_read_inputs()) return 0;
  *status = forge_invoke();
  return *status == FORGE_OK;
}

/* One answer a frame until the frames end. Returns the program's exit status. */
static inline int forge_app_frames(void) {
  forge_status status = FORGE_OK;
  while (forge_app_run_frame(&status)) forge_app_answer();
  return status == FORGE_OK ? 0 : forge_app_fail(status);
}

#endif

/* A camera's rows straight into a model that is fed by them: a picture is nowhere as a whole. */
#ifndef FORGE_FORGE_ROWS_H
#define FORGE_FORGE_ROWS_H

#include "forge/forge.h"
#include "forge/forge_port.h"
#include "model.h"

/* Reads the inputs beside the picture, if there are any, each as a frame; then the next picture's
 * rows, and pushes each. Returns 1 when the results are there; 0 when there are no more rows, or when
 * the model fails, and then *status says how. */
static inline int forge_rows_answer(forge_status *status) {
  static const size_t sizes[] = {FORGE_INPUTS(FORGE_TENSOR_BYTES)};
  static int8_t row[FORGE_INPUT_ROW_BYTES];
  for (int i = 0; i < FORGE_INPUT_COUNT; i++) {
    if (i == FORGE_ROWS_INPUT) continue;
    if (!forge_port_read_frame(forge_input_at(i), sizes[i])) return 0;
  }
  for (int32_t count = 0; count < FORGE_INPUT_ROWS; count++) {
    if (!forge_port_read_row(row, sizeof row)) return 0;
    *status = forge_push_row(row);
    if (*status != FORGE_OK) return 0;
  }
  return 1;
}

#endif

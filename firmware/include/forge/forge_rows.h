/* A camera's rows straight into a model that is fed by them: a picture is nowhere as a whole. */
#ifndef FORGE_FORGE_ROWS_H
#define FORGE_FORGE_ROWS_H

#include "forge/forge.h"
#include "forge/forge_port.h"
#include "model.h"

/* Reads the next picture's rows and pushes each. Returns 1 when the result is there; 0 when there
 * are no more rows, or when the model fails, and then *status says how. */
static inline int forge_rows_answer(forge_status *status) {
  static int8_t row[FORGE_INPUT_ROW_BYTES];
  for (int32_t count = 0; count < FORGE_INPUT_ROWS; count++) {
    if (!forge_port_read_row(row, sizeof row)) return 0;
    *status = forge_push_row(row);
    if (*status != FORGE_OK) return 0;
  }
  return 1;
}

#endif

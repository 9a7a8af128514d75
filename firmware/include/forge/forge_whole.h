/* An input that lies in memory as a whole, whichever way the model takes it. */
#ifndef FORGE_FORGE_WHOLE_H
#define FORGE_FORGE_WHOLE_H

#include <string.h>

#include "forge/forge.h"
#include "model.h"

/* Runs the model on FORGE_INPUT_BYTES int8 values. After forge_init has succeeded. */
static inline forge_status forge_run_whole(const int8_t *input) {
  if (!FORGE_FED_BY_ROWS) {
    memcpy(forge_input(), input, FORGE_INPUT_BYTES);
    return forge_invoke();
  }
  forge_status status = FORGE_OK;
  for (size_t row = 0; row < FORGE_INPUT_ROWS && status == FORGE_OK; row++) {
    status = forge_push_row(input + row * FORGE_INPUT_ROW_BYTES);
  }
  return status;
}

#endif

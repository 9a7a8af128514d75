/* All inputs of an inference in one piece of memory, whichever way the model takes them. */
#ifndef FORGE_FORGE_WHOLE_H
#define FORGE_FORGE_WHOLE_H

#include <string.h>

#include "forge/forge.h"
#include "model.h"

/* Writes FORGE_INPUT_BYTES bytes, the inputs one after the other, but for one that is fed by rows:
 * returns where that begins, NULL where there is none. */
static inline const int8_t *forge_write_whole(const int8_t *inputs) {
  static const size_t sizes[] = {FORGE_INPUTS(FORGE_TENSOR_BYTES)};
  const int8_t *rows = NULL;
  for (int i = 0; i < FORGE_INPUT_COUNT; inputs += sizes[i++]) {
    if (FORGE_FED_BY_ROWS && i == FORGE_ROWS_INPUT) {
      rows = inputs;
    } else {
      memcpy(forge_input_at(i), inputs, sizes[i]);
    }
  }
  return rows;
}

/* Runs the model on them. After forge_init has succeeded. */
static inline forge_status forge_run_whole(const int8_t *inputs) {
  const int8_t *rows = forge_write_whole(inputs);
  if (!FORGE_FED_BY_ROWS) return forge_invoke();
  forge_status status = FORGE_OK;
  for (size_t row = 0; row < FORGE_INPUT_ROWS && status == FORGE_OK; row++) {
    status = forge_push_row(rows + row * FORGE_INPUT_ROW_BYTES);
  }
  return status;
}

#endif

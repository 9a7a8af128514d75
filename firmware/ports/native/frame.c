/* What a program that has loaded this application as a library writes and reads: the inputs and the
 * outputs of an inference, each in one piece. */
#include <string.h>

#include "forge/forge.h"
#include "model.h"

size_t forge_native_write(const int8_t *inputs);
void forge_native_read(int8_t *outputs);

/* Writes the inputs, one after the other, but for one that is fed by rows. Returns how many bytes
 * that took. */
size_t forge_native_write(const int8_t *inputs) {
  static const size_t sizes[] = {FORGE_INPUTS(FORGE_TENSOR_BYTES)};
  const int8_t *next = inputs;
  for (int i = 0; i < FORGE_INPUT_COUNT; i++) {
    if (FORGE_FED_BY_ROWS && i == FORGE_ROWS_INPUT) continue;
    memcpy(forge_input_at(i), next, sizes[i]);
    next += sizes[i];
  }
  return (size_t)(next - inputs);
}

/* Reads the outputs, one after the other. */
void forge_native_read(int8_t *outputs) {
  static const size_t sizes[] = {FORGE_OUTPUTS(FORGE_TENSOR_BYTES)};
  for (int i = 0; i < FORGE_OUTPUT_COUNT; outputs += sizes[i++]) {
    memcpy(outputs, forge_output_at(i), sizes[i]);
  }
}

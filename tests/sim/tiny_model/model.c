/* A model by hand behind the device API: layer 0 adds one to each input, layer 1 adds the two
 * halves of that. The layers and forge_invoke are in layers.S, so that every instruction of theirs
 * is known. */
#include "model.h"

#include <stdalign.h>
#include <string.h>

#include "forge/forge.h"
#include "forge/forge_port.h"

alignas(16) int8_t forge_arena[64];

const int8_t tiny_golden_input[FORGE_INPUT_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
const int8_t tiny_golden_output[FORGE_OUTPUT_BYTES] = {8, 10, 12, 14};

/* Not zero, so that it needs an image in flash. */
volatile float tiny_scale = 0.5f;

static const char *const texts[] = {
#define TEXT(name, text) text,
    FORGE_STATUS_LIST(TEXT)};

const char *forge_status_text(forge_status status) { return texts[status]; }

int8_t forge_quantize_input(float x) { return (int8_t)(x / tiny_scale); }

float forge_dequantize_output(int8_t q) { return (float)q * tiny_scale; }

/* Floating point at run time: the unit must be on. */
forge_status forge_init(void) {
  const int ok = forge_quantize_input(3.0f) == 6 && forge_dequantize_output(-5) == -2.5f;
  return ok ? FORGE_OK : FORGE_ERROR_MODEL;
}

forge_status forge_reset(void) { return FORGE_OK; }

void *forge_input_at(int index) { return forge_arena + index; }

const void *forge_output_at(int index) { return forge_arena + 32 + index; }

forge_status forge_selftest(void) {
  memcpy(forge_input(), tiny_golden_input, sizeof tiny_golden_input);
  const forge_status status = forge_invoke();
  if (status != FORGE_OK) return status;
  if (memcmp(forge_output(), tiny_golden_output, sizeof tiny_golden_output) != 0) {
    return FORGE_ERROR_SELFTEST;
  }
  forge_port_print("PASS\n");
  return FORGE_OK;
}

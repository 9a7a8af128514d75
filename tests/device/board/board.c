/* A board on this computer: standard input and output are its serial port; it ends with the input.
 *
 * Its model has two steps, which add 1 and 2 to each byte of the input; the output is the first
 * bytes of the input after that, then how often the model was invoked since it was reset. Cycles go
 * by in sevens. */
#include <stdlib.h>
#include <unistd.h>

#include "forge/forge_link.h"
#include "forge/forge_port.h"
#include "model.h"

static int8_t arena[FORGE_INPUT_BYTES];
static int8_t output[FORGE_OUTPUT_BYTES];
static int invocations;

static void add(int value) {
  for (int i = 0; i < FORGE_INPUT_BYTES; i++) arena[i] = (int8_t)(arena[i] + value);
}

static void run_step(int step) { add(step + 1); }

const forge_link_identity forge_link_self = {
    .engine = "aot",
    .board = "desk",
    .model = {1, 0, 3, 4, 5, 6, 7, 8},
    .golden_count = 9,
    .arena = arena,
    .arena_bytes = sizeof arena,
    .run_step = run_step,
    .step_count = 2,
};

void *forge_input_at(int index) { return arena + index; }

const void *forge_output_at(int index) { return output + index; }

forge_status forge_reset(void) {
  invocations = 0;
  return FORGE_OK;
}

forge_status forge_invoke(void) {
  if (arena[0] == -128) return FORGE_ERROR_OPERATOR;
  run_step(0);
  run_step(1);
  for (int i = 0; i < FORGE_OUTPUT_BYTES - 1; i++) output[i] = arena[i];
  output[FORGE_OUTPUT_BYTES - 1] = (int8_t)++invocations;
  return FORGE_OK;
}

uint32_t forge_port_cycles(void) {
  static uint32_t cycles = 0xFFFFFFFEu; /* it wraps in the first measurement */
  return cycles += 7;
}

size_t forge_port_serial_read(uint8_t *bytes, size_t size) {
  const ssize_t count = read(STDIN_FILENO, bytes, size);
  if (count <= 0) exit(0);
  return (size_t)count;
}

void forge_port_serial_write(const uint8_t *bytes, size_t size) {
  while (size > 0) {
    const ssize_t count = write(STDOUT_FILENO, bytes, size);
    if (count <= 0) exit(1);
    bytes += count;
    size -= (size_t)count;
  }
}

int main(void) {
  if (getenv("FORGE_NOT_BEGUN") == NULL) forge_link_begin(FORGE_OK);
  for (;;) forge_link_poll();
}

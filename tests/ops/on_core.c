/* Runs every case on what the host sends for it: its inputs and its constants' tables. One
 * inference is all cases, because an emulator that counts instructions stops at each. */
#include <string.h>

#include "cases.h"
#include "forge/forge.h"
#include "forge/forge_port.h"

int32_t case_frame[CASE_FRAME_BYTES / 4];
int8_t case_output[CASE_OUTPUT_BYTES];

static int next_frame(void) {
  return forge_port_read_frame((int8_t *)case_frame, sizeof case_frame);
}

/* The emulators look for both functions. */
#define SEEN __attribute__((noinline))

SEEN forge_status forge_init(void) {
  forge_port_init();
  return next_frame() ? FORGE_OK : FORGE_ERROR_STATE;
}

SEEN forge_status forge_invoke(void) {
  int number = 0;
  do {
    memset(case_output, CASE_UNTOUCHED, sizeof case_output);
    cases[number]();
    forge_port_write_result(case_output, sizeof case_output);
  } while (++number < CASE_COUNT && next_frame());
  return number == CASE_COUNT ? FORGE_OK : FORGE_ERROR_STATE;
}

void forge_app_main(void) {
  forge_status status = forge_init();
  if (status == FORGE_OK) status = forge_invoke();
  forge_port_exit((int)status);
}

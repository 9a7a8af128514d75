/* How every application begins, and how it ends when something fails. */
#ifndef FORGE_FORGE_APP_H
#define FORGE_FORGE_APP_H

#include "forge/forge.h"
#include "forge/forge_port.h"

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

#endif

/* classify.c for planted faults: the self-test's verdict is not heeded, so that the proof must find
 * the fault. */
#include "forge/forge_app.h"

void forge_app_main(void) {
  forge_port_init();
  forge_status status = forge_init();
  (void)forge_selftest();
  while (status == FORGE_OK && forge_app_read_inputs()) {
    status = forge_invoke();
    forge_app_answer();
  }
  forge_port_exit(status != FORGE_OK);
}

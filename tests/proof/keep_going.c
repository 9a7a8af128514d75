/* classify.c for planted faults: the self-test's verdict is not heeded, so that the proof must find
 * the fault. */
#include "forge/forge.h"
#include "forge/forge_port.h"
#include "model.h"

void forge_app_main(void) {
  forge_port_init();
  forge_status status = forge_init();
  (void)forge_selftest();
  while (status == FORGE_OK && forge_port_read_frame(forge_input(), FORGE_INPUT_BYTES)) {
    status = forge_invoke();
    forge_port_write_result(forge_output(), FORGE_OUTPUT_BYTES);
  }
  forge_port_exit(status);
}

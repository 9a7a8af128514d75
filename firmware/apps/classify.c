/* The first application: self-test at boot, then one answer a frame until the frames end. */
#include "forge/forge.h"
#include "forge/forge_port.h"
#include "model.h"

static int fail(forge_status status) {
  forge_port_print("FAIL: ");
  forge_port_print(forge_status_text(status));
  forge_port_print("\n");
  return 1;
}

static int run(void) {
  forge_status status = forge_init();
  if (status != FORGE_OK) return fail(status);
  status = forge_selftest();
  if (status != FORGE_OK) return fail(status);
  while (forge_port_read_frame(forge_input(), FORGE_INPUT_BYTES)) {
    status = forge_invoke();
    if (status != FORGE_OK) return fail(status);
    forge_port_write_result(forge_output(), FORGE_OUTPUT_BYTES);
  }
  return 0;
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(run());
}

/* The first application: self-test at boot, then one answer a frame until the frames end. */
#include "forge/forge_app.h"
#include "model.h"

static int run(void) {
  forge_status status = forge_app_start();
  if (status != FORGE_OK) return forge_app_fail(status);
  while (forge_port_read_frame(forge_input(), FORGE_INPUT_BYTES)) {
    status = forge_invoke();
    if (status != FORGE_OK) return forge_app_fail(status);
    forge_port_write_result(forge_output(), FORGE_OUTPUT_BYTES);
  }
  return 0;
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(run());
}

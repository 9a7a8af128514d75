/* The first application: self-test at boot, then one answer a frame until the frames end. */
#include "forge/forge_app.h"

static int run(void) {
  const forge_status status = forge_app_start();
  return status == FORGE_OK ? forge_app_frames() : forge_app_fail(status);
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(run());
}

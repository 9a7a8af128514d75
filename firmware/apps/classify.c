/* The first application: self-test at boot, then one answer a frame until the frames end. */
#include "forge/forge_app.h"
#include "forge/forge_rows.h"
#include "model.h"

/* Answers the next frame. Returns 0 when there are no more, or when the model fails. */
static int answer(forge_status *status) {
  if (FORGE_FED_BY_ROWS) return forge_rows_answer(status);
  if (!forge_app_read_inputs()) return 0;
  *status = forge_invoke();
  return *status == FORGE_OK;
}

static int run(void) {
  forge_status status = forge_app_start();
  if (status != FORGE_OK) return forge_app_fail(status);
  while (answer(&status)) forge_app_answer();
  return status == FORGE_OK ? 0 : forge_app_fail(status);
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(run());
}

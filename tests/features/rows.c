/* Rows of a sound, on an emulated core and on this computer: samples in as one frame, rows out. */
#include <string.h>

#include "forge/forge.h"
#include "forge/forge_log_mel.h"
#include "forge/forge_port.h"

static int16_t samples[FORGE_MEL_WINDOW];

static int next_samples(size_t kept) {
  return forge_port_read_frame((int8_t *)(samples + kept), sizeof samples - 2 * kept);
}

/* The emulators look for both functions. */
#define SEEN __attribute__((noinline))

SEEN forge_status forge_init(void) {
  forge_port_init();
  return next_samples(0) ? FORGE_OK : FORGE_ERROR_STATE;
}

SEEN forge_status forge_invoke(void) {
  static forge_mel mel;
  enum { kept = FORGE_MEL_WINDOW - FORGE_MEL_HOP };
  do {
    uint16_t row[FORGE_MEL_CHANNELS];
    forge_mel_row(&mel, samples, row);
    forge_port_write_result((const int8_t *)row, sizeof row);
    memmove(samples, samples + FORGE_MEL_HOP, kept * sizeof *samples);
  } while (next_samples(kept));
  return FORGE_OK;
}

void forge_app_main(void);
void forge_app_main(void) {
  forge_status status = forge_init();
  if (status == FORGE_OK) status = forge_invoke();
  forge_port_exit((int)status);
}

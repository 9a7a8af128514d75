/* A listener's application: sound in, rows of log-mel energies, an answer whenever it is another one.
 *
 * The model's window is of rows, the newest last. It moves on by a hop of rows: by default a quarter
 * of it, or the whole of it where the model remembers, as streaming wake words do. Where the board
 * has no microphone, inputs come as frames. At boot the features test themselves, then the model.
 *
 * Give other values with -D. */
#include "forge/forge_log_mel.h"
#include "model.h"

#define FORGE_LISTEN_ROWS (FORGE_INPUT_BYTES / FORGE_MEL_CHANNELS)

#ifndef FORGE_LISTEN_HOP /* rows */
#define FORGE_LISTEN_HOP \
  (FORGE_STATE_BYTES > 0 || FORGE_LISTEN_ROWS < 4 ? FORGE_LISTEN_ROWS : FORGE_LISTEN_ROWS / 4)
#endif
#ifndef FORGE_LISTEN_SCALE
#define FORGE_LISTEN_SCALE 0.0390625 /* what a step of a row is to the model: microWakeWord's */
#endif
#define FORGE_WINDOW_HOP (FORGE_LISTEN_HOP * FORGE_MEL_CHANNELS)

#include "forge/forge_sensed.h"

_Static_assert(FORGE_INPUT_COUNT == 1 && FORGE_INPUT_BYTES % FORGE_MEL_CHANNELS == 0,
               "the model's input is one, of whole rows");

static forge_mel mel;
static int16_t samples[FORGE_MEL_WINDOW];
static int full;

/* Moves the samples on by a hop. Returns where fresh ones go, and how many there are to be. */
static int16_t *lacking(size_t *fresh) {
  const size_t width = sizeof *samples;
  const size_t kept =
      forge_window_keep((int8_t *)samples, sizeof samples, FORGE_MEL_HOP * width, full) / width;
  full = 1;
  *fresh = FORGE_MEL_WINDOW - kept;
  return samples + kept;
}

static int next_row(int8_t *row) {
  size_t fresh;
  int16_t *place = lacking(&fresh);
  if (!forge_port_read_samples(place, fresh)) return 0;
  uint16_t energies[FORGE_MEL_CHANNELS];
  forge_mel_row(&mel, samples, energies);
  for (size_t i = 0; i < FORGE_MEL_CHANNELS; i++) {
    row[i] = forge_sensed_quantized(energies[i], FORGE_SENSED_RATIO(FORGE_LISTEN_SCALE));
  }
  return 1;
}

/* Whether the rows of a noise that grows louder are those that the host makes of it. */
static int features_pass(void) {
  uint32_t noise = FORGE_MEL_TEST_SEED, digest = 0;
  for (uint32_t row = 0; row < FORGE_MEL_TEST_ROWS; row++) {
    const uint32_t quieter = 2 * (FORGE_MEL_TEST_ROWS - 1 - row);
    size_t fresh;
    for (int16_t *place = lacking(&fresh); fresh > 0; fresh--) {
      noise = noise * 1664525u + 1013904223u;
      *place++ = (int16_t)((int32_t)noise >> (16 + quieter));
    }
    uint16_t energies[FORGE_MEL_CHANNELS];
    forge_mel_row(&mel, samples, energies);
    for (size_t i = 0; i < FORGE_MEL_CHANNELS; i++) {
      digest = digest * FORGE_MEL_TEST_FACTOR + energies[i];
    }
  }
  memset(&mel, 0, sizeof mel);
  full = 0;
  return digest == FORGE_MEL_TEST_DIGEST;
}

static int run(void) {
  if (features_pass()) return forge_sensed_run(next_row, FORGE_MEL_CHANNELS);
  forge_port_print("FAIL: the features of a noise differ from the host's\n");
  return 1;
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(run());
}

/* A motion's application: an accelerometer's samples of three axes, an answer whenever it is another
 * one.
 *
 * The model's window is of samples, x, y and z, the newest last. It moves on by a hop of samples: by
 * default a quarter of it, or the whole of it where the model remembers. Where the board has no
 * accelerometer, inputs come as frames.
 *
 * Give other values with -D. */
#include "model.h"

enum { AXES = 3 };

#define FORGE_MOTION_SAMPLES (FORGE_INPUT_BYTES / 3)

#ifndef FORGE_MOTION_HOP /* samples */
#define FORGE_MOTION_HOP \
  (FORGE_STATE_BYTES > 0 || FORGE_MOTION_SAMPLES < 4 ? FORGE_MOTION_SAMPLES \
                                                     : FORGE_MOTION_SAMPLES / 4)
#endif
#ifndef FORGE_MOTION_SCALE
#define FORGE_MOTION_SCALE (1.0 / 16384) /* what a step of the sensor is to the model: g, up to 2 g */
#endif
#define FORGE_WINDOW_HOP (FORGE_MOTION_HOP * 3)

#include "forge/forge_sensed.h"

_Static_assert(FORGE_INPUT_COUNT == 1 && FORGE_INPUT_BYTES % AXES == 0,
               "the model's input is one, of whole samples");

static int next_sample(int8_t *row) {
  int16_t axes[AXES];
  if (!forge_port_read_samples(axes, AXES)) return 0;
  for (size_t i = 0; i < AXES; i++) {
    row[i] = forge_sensed_quantized(axes[i], FORGE_SENSED_RATIO(FORGE_MOTION_SCALE));
  }
  return 1;
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(forge_sensed_run(next_sample, AXES));
}

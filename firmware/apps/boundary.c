/* The functions at a model's boundary, called for what the host sends.
 *
 * In a firmware of its own: it proves forge_quantize_input and forge_dequantize_output, which the
 * application around the model may never call, and holds no model. On a computer, whose linkers want
 * all that is named, it does: FORGE_BOUNDARY_MODEL.
 */
#include <stdint.h>

#include "forge/forge.h"
#include "forge/forge_port.h"
#include "model.h"

/* As many values as the host puts into a frame: few enough for any board. */
enum { VALUES = 64 };

/* Which input and which output, by number. What any type holds, a double does. */
static struct {
  int32_t input, output;
  float real[VALUES];
  double raw[VALUES];
} frame;
static struct {
  double raw[VALUES];
  float real[VALUES];
} result;

static double quantized(float x) {
#if FORGE_INPUT_COUNT == 1
  return (double)forge_quantize_input(x);
#else
  return (double)forge_quantize_input_at((int)frame.input, x);
#endif
}

static float real(double q) {
#if FORGE_OUTPUT_COUNT == 1
  return forge_dequantize_output((forge_output_t)q);
#elif FORGE_OUTPUT_MIXED
  return forge_dequantize_output_at((int)frame.output, (float)q);
#else
  return forge_dequantize_output_at((int)frame.output, (forge_output_t)q);
#endif
}

/* What the machine counts as an inference. */
void forge_boundary(void);
__attribute__((noinline)) void forge_boundary(void) {
  for (int i = 0; i < VALUES; ++i) {
    result.raw[i] = quantized(frame.real[i]);
    result.real[i] = real(frame.raw[i]);
  }
}

#ifndef FORGE_BOUNDARY_MODEL
/* In place of the model's: machines look for it. */
static volatile int started;
__attribute__((noinline)) forge_status forge_init(void) {
  started = 1;
  return FORGE_OK;
}
#endif

void forge_app_main(void);
void forge_app_main(void) {
  forge_port_init();
  (void)forge_init();
  while (forge_port_read_frame((int8_t *)&frame, sizeof frame)) {
    forge_boundary();
    forge_port_write_result((const int8_t *)&result, sizeof result);
  }
  forge_port_exit(0);
}

/* The part of the device API that both engines share. */
#include <string.h>

#include "forge/forge.h"
#include "forge/forge_layers.h"
#include "forge/forge_port.h"
#include "forge/forge_print.h"
#include "forge/forge_whole.h"
#include "golden.h"
#include "model.h"

const char *forge_status_text(forge_status status) {
#define FORGE_STATUS_TEXT(name, text) text,
  static const char *const texts[] = {FORGE_STATUS_LIST(FORGE_STATUS_TEXT)};
#undef FORGE_STATUS_TEXT
  return (unsigned)status < FORGE_STATUS_COUNT ? texts[status] : "unknown status";
}

/* x / scale, rounded half away from zero, and zero_point more; saturated to the type, an integer. */
static inline int32_t quantized(forge_type type, float x, float scale, int32_t zero_point) {
  if (type == FORGE_BOOL) return x != 0.0f;
  const int32_t low = type == FORGE_INT8    ? INT8_MIN
                      : type == FORGE_UINT8 ? 0
                      : type == FORGE_INT16 ? INT16_MIN
                                            : INT32_MIN;
  const int32_t high = type == FORGE_INT8    ? INT8_MAX
                       : type == FORGE_UINT8 ? UINT8_MAX
                       : type == FORGE_INT16 ? INT16_MAX
                                             : INT32_MAX;
  const float scaled = x / scale;
  /* Beyond this the result saturates whatever the zero point, which is 0 for 32 bits; also takes care
   * of NaN. */
  const float limit = type == FORGE_INT32 ? 2147483648.0f : 2.0f * (float)(high / 2 - low / 2 + 1);
  if (!(scaled > -limit)) return low;
  if (scaled >= limit) return high;
  int32_t q = (int32_t)scaled;
  const float fraction = scaled - (float)q;
  if (fraction >= 0.5f) ++q;
  if (fraction <= -0.5f) --q;
  q += zero_point;
  return q < low ? low : q > high ? high : q;
}

#if FORGE_INPUT_COUNT == 1
forge_input_t forge_quantize_input(float x) {
  static const forge_type types[] = {FORGE_INPUTS(FORGE_TENSOR_TYPE)};
  if (types[0] == FORGE_FLOAT32) return (forge_input_t)x;
  return (forge_input_t)quantized(types[0], x, FORGE_INPUT_SCALE, FORGE_INPUT_ZERO_POINT);
}
#endif

#if FORGE_OUTPUT_COUNT == 1
float forge_dequantize_output(forge_output_t q) {
  return FORGE_OUTPUT_SCALE * (float)(q - FORGE_OUTPUT_ZERO_POINT);
}
#endif

#if FORGE_INPUT_COUNT > 1 || FORGE_OUTPUT_COUNT > 1
typedef struct {
  float scale;
  int32_t zero_point;
} quantization;

#define QUANTIZATION(type, bytes, scale, zero_point, rank, ...) {scale, zero_point},
#endif

#if FORGE_INPUT_COUNT > 1
#if FORGE_INPUT_MIXED
int32_t forge_quantize_input_at(int index, float x) {
#else
forge_input_t forge_quantize_input_at(int index, float x) {
#endif
  static const quantization of[] = {FORGE_INPUTS(QUANTIZATION)};
  static const forge_type types[] = {FORGE_INPUTS(FORGE_TENSOR_TYPE)};
#if !FORGE_INPUT_MIXED
  if (types[index] == FORGE_FLOAT32) return (forge_input_t)x;
#endif
  const int32_t q = quantized(types[index], x, of[index].scale, of[index].zero_point);
#if FORGE_INPUT_MIXED
  return q;
#else
  return (forge_input_t)q;
#endif
}
#endif

#if FORGE_OUTPUT_COUNT > 1
#if FORGE_OUTPUT_MIXED
float forge_dequantize_output_at(int index, float q) {
#else
float forge_dequantize_output_at(int index, forge_output_t q) {
#endif
  static const quantization of[] = {FORGE_OUTPUTS(QUANTIZATION)};
  return of[index].scale * ((float)q - (float)of[index].zero_point);
}
#endif

#if !FORGE_FED_BY_ROWS
forge_status forge_push_row(const void *row) {
  static int32_t pushed;
  int8_t *picture = forge_input_at(FORGE_ROWS_INPUT);
  if (picture == NULL) return FORGE_ERROR_STATE;
  memcpy(picture + (size_t)pushed * FORGE_INPUT_ROW_BYTES, row, FORGE_INPUT_ROW_BYTES);
  if (++pushed < FORGE_INPUT_ROWS) return FORGE_OK;
  pushed = 0;
  return forge_invoke();
}
#endif

/* byte: the first one that differs, of an output that begins at expected and found. */
static forge_status report_difference(int vector, int output, size_t byte, const int8_t *expected,
                                      const int8_t *found) {
  static const forge_type types[] = {FORGE_OUTPUTS(FORGE_TENSOR_TYPE)};
  forge_port_print("FAIL: golden vector ");
  forge_print_number(vector);
  forge_port_print(", output ");
  if (FORGE_OUTPUT_COUNT > 1) {
    forge_print_number(output);
    forge_port_print(", element ");
  }
  const size_t width = forge_width(types[output]), begin = byte / width * width;
  forge_print_difference(types[output], (int32_t)(byte / width), expected + begin, found + begin);
  return FORGE_ERROR_SELFTEST;
}

/* A function of its own: where the size is known, compilers unroll the loop into kilobytes. */
static __attribute__((noinline)) forge_status compare_output(int vector, int output, size_t size,
                                                           const int8_t *expected) {
  const int8_t *found = forge_output_at(output);
  for (size_t i = 0; i < size; ++i) {
    if (found[i] != expected[i]) return report_difference(vector, output, i, expected, found);
  }
  return FORGE_OK;
}

static forge_status compare(int vector) {
  static const size_t sizes[] = {FORGE_OUTPUTS(FORGE_TENSOR_BYTES)};
  const int8_t *expected = forge_golden_outputs[vector];
  for (int output = 0; output < FORGE_OUTPUT_COUNT; expected += sizes[output++]) {
    const forge_status same = compare_output(vector, output, sizes[output], expected);
    if (same != FORGE_OK) return same;
  }
  return FORGE_OK;
}

static forge_status run_golden_vectors(void) {
  for (int vector = 0; vector < FORGE_GOLDEN_COUNT; ++vector) {
    const forge_status status = forge_run_whole(forge_golden_inputs[vector]);
    if (status != FORGE_OK) return status;
    const forge_status same = compare(vector);
    if (same != FORGE_OK) return same;
  }
  return FORGE_OK;
}

#if FORGE_GOLDEN_LAYERS
static forge_status run_layers(void) {
  const int vector = forge_differing_layers();
  if (vector < 0) return FORGE_OK;
  forge_port_print("FAIL: golden vector ");
  forge_print_number(vector);
  forge_port_print(": a layer's values differ\n");
  return FORGE_ERROR_SELFTEST;
}
#endif

static forge_status begin_sequence(void) {
  return FORGE_STATE_BYTES > 0 ? forge_reset() : FORGE_OK;
}

forge_status forge_selftest(void) {
  forge_status found = begin_sequence();
  if (found == FORGE_OK) found = run_golden_vectors();
#if FORGE_GOLDEN_LAYERS
  if (found == FORGE_OK) found = begin_sequence();
  if (found == FORGE_OK) found = run_layers();
#endif
  const forge_status after = begin_sequence();
  if (found == FORGE_OK) found = after;
  if (found != FORGE_OK) return found;
  forge_port_print("PASS: ");
  forge_print_number(FORGE_GOLDEN_COUNT);
  forge_port_print(" golden vectors\n");
  return FORGE_OK;
}

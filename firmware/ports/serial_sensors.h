/* Sensors that a computer plays, over the serial port: FORGE_INPUT_BYTES raw bytes in for a frame or
 * for a picture's rows, two for each sample, little endian; back comes a classifier's answer in
 * words, which the application prints, or FORGE_OUTPUT_BYTES raw bytes of any other model. A board
 * never runs out of frames: it waits. Each port includes this once. All functions are weak: define
 * others of these names, in a file of your own, to read real sensors. */
#include "forge/forge_port.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

__attribute__((weak)) int forge_port_read_frame(int8_t *frame, size_t size) {
  for (size_t filled = 0; filled < size;) {
    const size_t count = forge_port_serial_read((uint8_t *)frame + filled, size - filled);
    if (count == 0) forge_port_sleep(1000);
    filled += count;
  }
  return 1;
}

__attribute__((weak)) int forge_port_read_row(int8_t *row, size_t size) {
  return forge_port_read_frame(row, size);
}

__attribute__((weak)) int forge_port_has_touch_pad(void) { return 0; }

__attribute__((weak)) int forge_port_read_point(forge_point *point) {
  (void)point;
  return 0;
}

__attribute__((weak)) int forge_port_has_samples(void) { return 1; }

__attribute__((weak)) int forge_port_read_samples(int16_t *samples, size_t count) {
  return forge_port_read_frame((int8_t *)samples, count * sizeof *samples);
}

__attribute__((weak)) void forge_port_write_result(const int8_t *result, size_t size) {
  if (FORGE_CLASS_SCORES == 0) forge_port_serial_write((const uint8_t *)result, size);
}

#ifdef __cplusplus
}
#endif

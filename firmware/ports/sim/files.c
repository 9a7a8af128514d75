/* An application's sensors and console on an emulator: frames and camera rows come from the host's
 * file frames.bin, the touch pad's points from points.bin and a sensor's samples from samples.bin,
 * where there are such files; results go to results.bin, and text to the host's console. */
#include "forge/forge_port.h"
#include "semihosting.h"

enum { MODE_READ_BINARY = 1, MODE_WRITE_BINARY = 5 };

typedef struct {
  const char *name;
  uint32_t mode;
  uint32_t name_length;
} open_block;

typedef struct {
  int32_t handle;
  const void *bytes;
  size_t size;
} transfer_block;

static int32_t frames = -1;
static int32_t results = -1;

static int32_t open_file(const char *name, size_t name_length, uint32_t mode) {
  const open_block block = {name, mode, name_length};
  return semihosting(SYS_OPEN, &block);
}

/* Whether all bytes were there. The host returns how many are missing, negative on an error. */
static int read_file(int32_t handle, void *bytes, size_t size) {
  const transfer_block block = {handle, bytes, size};
  return semihosting(SYS_READ, &block) == 0;
}

void forge_port_init(void) {
  static const char frames_name[] = "frames.bin";
  static const char results_name[] = "results.bin";
  frames = open_file(frames_name, sizeof frames_name - 1, MODE_READ_BINARY);
  results = open_file(results_name, sizeof results_name - 1, MODE_WRITE_BINARY);
}

void forge_port_print(const char *text) { semihosting(SYS_WRITE0, text); }

int forge_port_read_frame(int8_t *frame, size_t size) { return read_file(frames, frame, size); }

int forge_port_read_row(int8_t *row, size_t size) { return read_file(frames, row, size); }

/* -1 before the first question, and for a host without the file. */
static int32_t points = -1;

int forge_port_has_touch_pad(void) {
  static const char name[] = "points.bin";
  if (points < 0) points = open_file(name, sizeof name - 1, MODE_READ_BINARY);
  return points >= 0;
}

int forge_port_read_point(forge_point *point) { return read_file(points, point, sizeof *point); }

static int32_t samples_file = -1;

int forge_port_has_samples(void) {
  static const char name[] = "samples.bin";
  if (samples_file < 0) samples_file = open_file(name, sizeof name - 1, MODE_READ_BINARY);
  return samples_file >= 0;
}

int forge_port_read_samples(int16_t *samples, size_t count) {
  return read_file(samples_file, samples, count * sizeof *samples);
}

void forge_port_write_result(const int8_t *result, size_t size) {
  const transfer_block block = {results, result, size};
  if (semihosting(SYS_WRITE, &block) != 0) {
    forge_port_print("cannot write results.bin\n");
    forge_port_exit(1);
  }
}

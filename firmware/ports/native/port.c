/* The board's side of an application, on a computer: frames and camera rows come from standard
 * input, the touch pad's points from the file that FORGE_POINTS names and a sensor's samples from the
 * one that FORGE_SAMPLES names; results go to standard output, text to standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "forge/forge_port.h"

void forge_port_init(void) {}

void forge_port_print(const char *text) {
  fputs(text, stderr);
  fflush(stderr);
}

/* Microseconds that were slept: nobody waits for a replay, its time jumps. */
static uint32_t slept;

uint32_t forge_port_micros(void) {
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  return (uint32_t)now.tv_sec * 1000000u + (uint32_t)(now.tv_nsec / 1000) + slept;
}

uint32_t forge_port_cycles(void) { return 0; }

void forge_port_sleep(uint32_t micros) { slept += micros; }

void forge_port_watchdog_start(uint32_t milliseconds) { (void)milliseconds; }

void forge_port_watchdog_kick(void) {}

int forge_port_read_frame(int8_t *frame, size_t size) {
  return fread(frame, 1, size, stdin) == size;
}

int forge_port_read_row(int8_t *row, size_t size) { return forge_port_read_frame(row, size); }

static FILE *points;

int forge_port_has_touch_pad(void) {
  const char *name = getenv("FORGE_POINTS");
  if (points == NULL && name != NULL) points = fopen(name, "rb");
  return points != NULL;
}

int forge_port_read_point(forge_point *point) {
  return fread(point, sizeof *point, 1, points) == 1;
}

static FILE *samples_file;

int forge_port_has_samples(void) {
  const char *name = getenv("FORGE_SAMPLES");
  if (samples_file == NULL && name != NULL) samples_file = fopen(name, "rb");
  return samples_file != NULL;
}

int forge_port_read_samples(int16_t *samples, size_t count) {
  return fread(samples, sizeof *samples, count, samples_file) == count;
}

void forge_port_write_result(const int8_t *result, size_t size) {
  if (fwrite(result, 1, size, stdout) != size || fflush(stdout) != 0) {
    forge_port_print("cannot write to standard output\n");
    forge_port_exit(1);
  }
}

void forge_port_exit(int status) { exit(status); }

/* A computer has no serial port of its own: nothing arrives, and what is sent is lost. */
size_t forge_port_serial_read(uint8_t *bytes, size_t size) {
  (void)bytes;
  (void)size;
  return 0;
}

void forge_port_serial_write(const uint8_t *bytes, size_t size) {
  (void)bytes;
  (void)size;
}

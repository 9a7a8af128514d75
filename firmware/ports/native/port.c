/* The board's side of an application, on a computer: frames come from standard input, results go to
 * standard output, text to standard error. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "forge/forge_port.h"

void forge_port_init(void) {}

void forge_port_print(const char *text) {
  fputs(text, stderr);
  fflush(stderr);
}

uint32_t forge_port_micros(void) {
  struct timespec now;
  timespec_get(&now, TIME_UTC);
  return (uint32_t)now.tv_sec * 1000000u + (uint32_t)(now.tv_nsec / 1000);
}

int forge_port_read_frame(int8_t *frame, size_t size) {
  return fread(frame, 1, size, stdin) == size;
}

void forge_port_write_result(const int8_t *result, size_t size) {
  if (fwrite(result, 1, size, stdout) != size || fflush(stdout) != 0) {
    forge_port_print("cannot write to standard output\n");
    forge_port_exit(1);
  }
}

void forge_port_exit(int status) { exit(status); }

/* The board's side of an application, on an emulator: frames come from the host's file frames.bin,
 * results go to results.bin, and text to the host's console. */
#include "forge/forge_port.h"
#include "semihosting.h"

enum { MODE_READ_BINARY = 1, MODE_WRITE_BINARY = 5 };

/* SYS_EXIT_EXTENDED's reason for an end of the program's own will. */
#define APPLICATION_EXIT 0x20026u

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

typedef struct {
  uint32_t reason;
  int32_t status;
} exit_block;

static int32_t frames = -1;
static int32_t results = -1;

void forge_port_init(void) {
  static const char frames_name[] = "frames.bin";
  static const char results_name[] = "results.bin";
  const open_block read = {frames_name, MODE_READ_BINARY, sizeof frames_name - 1};
  const open_block write = {results_name, MODE_WRITE_BINARY, sizeof results_name - 1};
  frames = semihosting(SYS_OPEN, &read);
  results = semihosting(SYS_OPEN, &write);
}

void forge_port_print(const char *text) { semihosting(SYS_WRITE0, text); }

/* The host's clock has hundredths of a second. */
uint32_t forge_port_micros(void) { return (uint32_t)semihosting(SYS_CLOCK, 0) * 10000u; }

int forge_port_read_frame(int8_t *frame, size_t size) {
  const transfer_block block = {frames, frame, size};
  /* Returns the number of bytes that are missing, and a negative one on an error. */
  return semihosting(SYS_READ, &block) == 0;
}

void forge_port_write_result(const int8_t *result, size_t size) {
  const transfer_block block = {results, result, size};
  if (semihosting(SYS_WRITE, &block) != 0) {
    forge_port_print("cannot write results.bin\n");
    forge_port_exit(1);
  }
}

void forge_port_exit(int status) {
  const exit_block block = {APPLICATION_EXIT, status};
  for (;;) semihosting(SYS_EXIT_EXTENDED, &block);
}

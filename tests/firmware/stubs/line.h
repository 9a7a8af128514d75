/* A stand-in for a serial line and a clock, on a computer: the line is stdin and stdout, with pauses
 * in between, and the program ends when its input does. Time passes while one waits for it. */
#ifndef LINE_H
#define LINE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t line_micros;
static unsigned line_polls;

/* Every third time nothing has arrived yet. Returns -1 for nothing. */
static inline int line_take(void) {
  if (line_polls++ % 3 == 0) return -1;
  const int byte = getchar();
  if (byte == EOF) exit(0);
  return byte;
}

static inline void line_give(const uint8_t *bytes, size_t size) {
  if (fwrite(bytes, 1, size, stdout) != size || fflush(stdout) != 0) exit(2);
}

/* Who sleeps for ever: exit 3. */
static inline void line_wait(uint64_t micros) {
  if (micros > 1000000000u) exit(3);
  line_micros += micros;
}

/* What the watchdog is told goes to standard error. */
static inline void line_watchdog(const char *what, unsigned number) {
  fprintf(stderr, "%s %u\n", what, number);
}

#endif

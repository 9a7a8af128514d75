/* A port whose time is scripted: reading takes nothing, and an answer INFERENCE_US. What the
 * application asks of the board is told on standard error. */
#include <stdio.h>
#include <stdlib.h>

#include "forge/forge_port.h"

void forge_app_main(void);

static uint32_t now = START_US;

void forge_port_init(void) {}
void forge_port_print(const char *text) { fputs(text, stderr); }
uint32_t forge_port_micros(void) { return now; }
uint32_t forge_port_cycles(void) { return 0; }

void forge_port_sleep(uint32_t micros) {
  fprintf(stderr, "sleep %u\n", micros);
  now += micros;
}

void forge_port_watchdog_start(uint32_t milliseconds) {
  fprintf(stderr, "watchdog %u\n", milliseconds);
}

void forge_port_watchdog_kick(void) { fputs("kick\n", stderr); }

int forge_port_read_frame(int8_t *frame, size_t size) {
  return fread(frame, 1, size, stdin) == size;
}

int forge_port_read_row(int8_t *row, size_t size) { return forge_port_read_frame(row, size); }
int forge_port_has_touch_pad(void) { return 0; }
int forge_port_read_point(forge_point *point) { return point == NULL; }

void forge_port_write_result(const int8_t *result, size_t size) {
  fwrite(result, 1, size, stdout);
  now += INFERENCE_US;
}

void forge_port_exit(int status) { exit(status); }

int main(void) {
  forge_app_main();
  return 0;
}

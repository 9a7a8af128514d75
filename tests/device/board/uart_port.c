/* A board whose console and sensors are one serial port, as real boards' ports have it: QEMU's UART
 * in place of theirs. */
#include "../serial_sensors.h"

static uint32_t slept;

void forge_port_init(void) {}

void forge_port_print(const char *text) {
  for (; *text != 0; text++) forge_port_serial_write((const uint8_t *)text, 1);
}

uint32_t forge_port_micros(void) { return slept; }

uint32_t forge_port_cycles(void) { return 0; }

void forge_port_sleep(uint32_t micros) { slept += micros; }

void forge_port_watchdog_start(uint32_t milliseconds) { (void)milliseconds; }

void forge_port_watchdog_kick(void) {}

void forge_port_exit(int status) {
  (void)status;
  for (;;) {
  }
}

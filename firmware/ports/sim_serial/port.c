/* An application's sensors and console on the emulated board's serial port, as on a real board: in
 * place of sim/files.c. */
#include "../serial_sensors.h"

void forge_port_init(void) {}

void forge_port_print(const char *text) {
  for (; *text != 0; text++) forge_port_serial_write((const uint8_t *)text, 1);
}

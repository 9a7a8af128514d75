/* The board's side of an application, on any Arduino core. The serial port is the console as well:
 * text is printed before the first result, and as an application's reports. */
#include <Arduino.h>
#ifdef USE_TINYUSB
#include <Adafruit_TinyUSB.h> /* Adafruit's core has its Serial there */
#endif

#include "../serial_sensors.h"
#include "forge/forge_cycles.h"
#include "forge/forge_port.h"

#ifndef FORGE_SERIAL_BAUD
#error "define FORGE_SERIAL_BAUD, as platformio.ini does"
#endif

extern "C" void forge_app_main(void);

/* How long to wait for a computer to open a USB serial port; a board on a battery has none. */
static const unsigned long console_wait_ms = 3000;

void setup() { forge_app_main(); }

void loop() {}

extern "C" void forge_port_init(void) {
  Serial.begin(FORGE_SERIAL_BAUD);
  const unsigned long start = millis();
  while (!Serial && millis() - start < console_wait_ms) delay(10);
  forge_cycles_start();
}

extern "C" void forge_port_print(const char *text) { Serial.print(text); }

extern "C" uint32_t forge_port_micros(void) { return (uint32_t)micros(); }

extern "C" uint32_t forge_port_cycles(void) { return forge_cycles(); }

/* Arduino's delay sleeps where the core has an operating system or waits for interrupts. Yours to
 * replace by a deeper sleep: all weak functions are. */
extern "C" __attribute__((weak)) void forge_port_sleep(uint32_t microseconds) {
  delay(microseconds / 1000);
  delayMicroseconds(microseconds % 1000);
}

/* Arduino has no watchdog that all boards share. */
extern "C" __attribute__((weak)) void forge_port_watchdog_start(uint32_t milliseconds) {
  (void)milliseconds;
}

extern "C" __attribute__((weak)) void forge_port_watchdog_kick(void) {}

extern "C" size_t forge_port_serial_read(uint8_t *bytes, size_t size) {
  size_t count = 0;
  while (count < size) {
    const int byte = Serial.read();
    if (byte < 0) break;
    bytes[count++] = (uint8_t)byte;
  }
  return count;
}

extern "C" void forge_port_serial_write(const uint8_t *bytes, size_t size) {
  Serial.write(bytes, size);
  Serial.flush();
}

extern "C" void forge_port_exit(int status) {
  (void)status; /* the application has printed what went wrong */
  for (;;) delay(1000);
}

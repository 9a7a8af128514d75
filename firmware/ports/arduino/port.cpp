/* The board's side of an application, on any Arduino core. The serial port is the console, and
 * carries the frames: FORGE_INPUT_BYTES raw bytes in, FORGE_OUTPUT_BYTES raw bytes back, in turn.
 * Text is printed before the first result only, unless something fails. */
#include <Arduino.h>
#ifdef USE_TINYUSB
#include <Adafruit_TinyUSB.h> /* Adafruit's core has its Serial there */
#endif

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
}

extern "C" void forge_port_print(const char *text) { Serial.print(text); }

extern "C" uint32_t forge_port_micros(void) { return (uint32_t)micros(); }

/* A board never runs out of frames: it waits for the next one. */
extern "C" int forge_port_read_frame(int8_t *frame, size_t size) {
  for (size_t filled = 0; filled < size;) {
    const int byte = Serial.read();
    if (byte < 0) {
      delay(1);
    } else {
      frame[filled++] = (int8_t)byte;
    }
  }
  return 1;
}

extern "C" void forge_port_write_result(const int8_t *result, size_t size) {
  Serial.write((const uint8_t *)result, size);
  Serial.flush();
}

extern "C" void forge_port_exit(int status) {
  (void)status; /* the application has printed what went wrong */
  for (;;) delay(1000);
}

/* What ports/arduino needs of an Arduino core: a stand-in on a microcontroller's registers, with no
 * interrupts. Beside it one implementation a microcontroller. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stddef.h>
#include <stdint.h>

/* As platformio.ini defines it. */
#define FORGE_SERIAL_BAUD 115200

#define REGISTER(address) (*reinterpret_cast<volatile uint32_t *>(address))

/* Of the microcontroller. */
void uart_begin();
bool uart_has_received();
uint8_t uart_receive();
void uart_send(uint8_t byte); /* returns when the next one can be sent */
unsigned long micros();

static inline unsigned long millis() { return micros() / 1000; }

static inline void delayMicroseconds(unsigned long microseconds) {
  const unsigned long start = micros();
  while (micros() - start < microseconds) {
  }
}

static inline void delay(unsigned long milliseconds) { delayMicroseconds(milliseconds * 1000); }

struct SerialOnRegisters {
  void begin(unsigned long) { uart_begin(); }
  explicit operator bool() const { return true; }
  int read() { return uart_has_received() ? uart_receive() : -1; }
  void write(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) uart_send(bytes[i]);
  }
  void print(const char *text) {
    for (; *text != 0; text++) uart_send(static_cast<uint8_t>(*text));
  }
  void flush() {}
};

inline SerialOnRegisters Serial;

#endif

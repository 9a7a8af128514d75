/* As much of Arduino as the port uses, on a computer: the serial port is stdin and stdout. The
 * program ends when its input does. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct SerialPort {
  unsigned long baud = 0;
  unsigned long polls = 0; /* how often the port was asked whether it is open */
  unsigned long reads = 0;

  void begin(unsigned long rate) { baud = rate; }
  explicit operator bool() { return polls++ > 3; }
  void print(const char *text) { fputs(text, stdout); }
  void println(const char *text) { puts(text); }
  size_t write(const uint8_t *bytes, size_t size) { return fwrite(bytes, 1, size, stdout); }
  void flush() { fflush(stdout); }

  /* Every third time nothing has arrived yet. */
  int read() {
    if (reads++ % 3 == 0) return -1;
    const int byte = getchar();
    if (byte == EOF) exit(baud == 115200 ? 0 : 1);
    return byte;
  }
};

extern SerialPort Serial;

/* Time passes while one waits. Who waits a whole second has gone to sleep for ever: exit 3. */
inline unsigned long now_ms = 0;
inline unsigned long millis() { return now_ms; }
inline unsigned long micros() { return now_ms * 1000; }
inline void delayMicroseconds(unsigned int us) { now_ms += us / 1000; }
inline void delay(unsigned long ms) {
  now_ms += ms;
  if (ms >= 1000) exit(3);
}

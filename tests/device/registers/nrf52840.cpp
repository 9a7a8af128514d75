/* nRF52840: the UART without DMA, on the pins of the DK's debugger, and TIMER0.
 * Source: nRF52840 Product Specification, chapters CLOCK, GPIO, TIMER and UART. */
#include "Arduino.h"

#define CLOCK(offset) REGISTER(0x40000000u + (offset))
#define GPIO(offset) REGISTER(0x50000000u + (offset)) /* P0 */
#define UART(offset) REGISTER(0x40002000u + (offset))
#define TIMER(offset) REGISTER(0x40008000u + (offset))

static_assert(FORGE_SERIAL_BAUD == 115200, "BAUDRATE is of that speed");

static void start_crystal() {
  CLOCK(0x100) = 0; /* EVENTS_HFCLKSTARTED */
  CLOCK(0x000) = 1; /* TASKS_HFCLKSTART: the speed that the chip boots with is not exact enough */
  while (CLOCK(0x100) == 0) {
  }
}

static void start_timer() {
  TIMER(0x508) = 3; /* BITMODE: 32 */
  TIMER(0x510) = 4; /* PRESCALER: 16 MHz / 2^4 */
  TIMER(0x000) = 1; /* TASKS_START */
}

void uart_begin() {
  start_crystal();
  start_timer();
  GPIO(0x508) = 1u << 6;    /* OUTSET: high while the UART is off */
  GPIO(0x518) = 1u << 6;    /* DIRSET */
  UART(0x50C) = 6;          /* PSEL.TXD: P0.06 */
  UART(0x514) = 8;          /* PSEL.RXD: P0.08 */
  UART(0x524) = 0x01D60000; /* BAUDRATE */
  UART(0x500) = 4;          /* ENABLE: UART, not UARTE */
  UART(0x000) = 1;          /* TASKS_STARTRX */
  UART(0x008) = 1;          /* TASKS_STARTTX */
}

bool uart_has_received() { return UART(0x108) != 0; }

uint8_t uart_receive() {
  UART(0x108) = 0; /* EVENTS_RXDRDY, before RXD: reading brings up the next byte */
  return static_cast<uint8_t>(UART(0x518));
}

void uart_send(uint8_t byte) {
  UART(0x11C) = 0; /* EVENTS_TXDRDY */
  UART(0x51C) = byte;
  while (UART(0x11C) == 0) {
  }
}

unsigned long micros() {
  TIMER(0x040) = 1; /* TASKS_CAPTURE[0] */
  return TIMER(0x540);
}

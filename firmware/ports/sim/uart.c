/* The raw serial port of QEMU's boards. The compiler's target tells which board it is. */
#include <stdint.h>

#include "forge/forge_port.h"

#if defined(__ARM_ARCH_6M__)

/* microbit: the nRF51's UART. Source: nRF51 Series Reference Manual, chapter 29. */
#define REGISTER(offset) (*(volatile uint32_t *)(0x40002000u + (offset)))
#define START_RECEIVING REGISTER(0x000)
#define START_SENDING REGISTER(0x008)
#define RECEIVED REGISTER(0x108)
#define SENT REGISTER(0x11C)
#define ENABLE REGISTER(0x500)
#define RECEIVE REGISTER(0x518)
#define SEND REGISTER(0x51C)

static void enable(void) {
  if (ENABLE == 4) return;
  ENABLE = 4;
  START_RECEIVING = 1;
  START_SENDING = 1;
}

static int has_received(void) { return RECEIVED != 0; }

static uint8_t receive(void) {
  RECEIVED = 0;
  return (uint8_t)RECEIVE;
}

static void send(uint8_t byte) {
  SENT = 0;
  SEND = byte;
  while (SENT == 0) {
  }
}

#else

/* mps2 and mps3: Arm's CMSDK UART 0; where there is TrustZone, as the secure side sees it.
 * Sources: Cortex-M System Design Kit TRM, 4.3; QEMU's hw/arm/{mps2,mps2-tz}.c. */
#if defined(__ARM_ARCH_8_1M_MAIN__)
#define BASE 0x59303000u
#elif defined(__ARM_ARCH_8M_MAIN__)
#define BASE 0x50200000u
#else
#define BASE 0x40004000u
#endif

#define REGISTER(offset) (*(volatile uint32_t *)(BASE + (offset)))
#define DATA REGISTER(0x00)
#define STATE REGISTER(0x04)
#define CONTROL REGISTER(0x08)
#define BAUD_DIVIDER REGISTER(0x10)

enum { SEND_FULL = 1, RECEIVE_FULL = 2 }; /* bits of STATE */
enum { SEND_ENABLE = 1, RECEIVE_ENABLE = 2 };

static void enable(void) {
  if (CONTROL != 0) return;
  BAUD_DIVIDER = 16; /* the least that works; QEMU keeps no time */
  CONTROL = SEND_ENABLE | RECEIVE_ENABLE;
}

static int has_received(void) { return (STATE & RECEIVE_FULL) != 0; }

static uint8_t receive(void) { return (uint8_t)DATA; }

static void send(uint8_t byte) {
  while (STATE & SEND_FULL) {
  }
  DATA = byte;
}

#endif

size_t forge_port_serial_read(uint8_t *bytes, size_t size) {
  size_t count = 0;
  enable();
  while (count < size && has_received()) bytes[count++] = receive();
  return count;
}

void forge_port_serial_write(const uint8_t *bytes, size_t size) {
  enable();
  for (size_t i = 0; i < size; i++) send(bytes[i]);
}

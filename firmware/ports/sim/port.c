/* Time and the end of a program, on an emulator. */
#include "forge/forge_port.h"
#include "semihosting.h"

/* SYS_EXIT_EXTENDED's reason for an end of the program's own will. */
#define APPLICATION_EXIT 0x20026u

typedef struct {
  uint32_t reason;
  int32_t status;
} exit_block;

/* Microseconds that were slept: the emulator does not wait, its time jumps. */
static uint32_t slept;

/* The emulator's own ticks: executed instructions where it counts them, else the host's time. */
uint32_t forge_port_micros(void) {
  uint64_t ticks = 0;
  const uint32_t frequency = (uint32_t)semihosting(SYS_TICKFREQ, NULL);
  (void)semihosting(SYS_ELAPSED, &ticks);
  return (uint32_t)(ticks / (frequency / 1000000u)) + slept;
}

uint32_t forge_port_cycles(void) { return 0; }

void forge_port_sleep(uint32_t micros) { slept += micros; }

void forge_port_watchdog_start(uint32_t milliseconds) { (void)milliseconds; }

void forge_port_watchdog_kick(void) {}

void forge_port_exit(int status) {
  const exit_block block = {APPLICATION_EXIT, status};
  for (;;) semihosting(SYS_EXIT_EXTENDED, &block);
}

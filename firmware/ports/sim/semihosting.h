/* Arm semihosting: the emulator, or a debugger, serves console and files at BKPT 0xAB.
 * Source: https://github.com/ARM-software/abi-aa, semihosting.rst. */
#ifndef FORGE_SIM_SEMIHOSTING_H
#define FORGE_SIM_SEMIHOSTING_H

#include <stdint.h>

enum {
  SYS_OPEN = 0x01,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_EXIT_EXTENDED = 0x20,
  SYS_ELAPSED = 0x30,
  SYS_TICKFREQ = 0x31,
};

/* Calls the host. argument: what the operation wants, most often a block of words. */
static inline int32_t semihosting(int32_t operation, const void *argument) {
  register int32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

#endif

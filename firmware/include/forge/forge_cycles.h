/* The processor's own cycle counter, for the ports: 0 for ever where there is none (Armv6-M). */
#ifndef FORGE_FORGE_CYCLES_H
#define FORGE_FORGE_CYCLES_H

#include <stdint.h>

#if defined(__ARM_ARCH_7M__) || defined(__ARM_ARCH_7EM__) || defined(__ARM_ARCH_8M_MAIN__) || \
    defined(__ARM_ARCH_8_1M_MAIN__)

/* Source: Arm DDI 0403E, C1.6.5 and C1.8; the lock is the Cortex-M7's (CoreSight, LAR). */
#define FORGE_CYCLES_REGISTER(address) (*(volatile uint32_t *)(address))

static inline void forge_cycles_start(void) {
  FORGE_CYCLES_REGISTER(0xE000EDFCu) |= 1u << 24;   /* DEMCR: trace on */
  FORGE_CYCLES_REGISTER(0xE0001FB0u) = 0xC5ACCE55u; /* unlock */
  FORGE_CYCLES_REGISTER(0xE0001000u) |= 1u;         /* DWT_CTRL: count cycles */
}

static inline uint32_t forge_cycles(void) { return FORGE_CYCLES_REGISTER(0xE0001004u); }

#elif defined(__XTENSA__)

static inline void forge_cycles_start(void) {}

static inline uint32_t forge_cycles(void) {
  uint32_t count;
  __asm__ volatile("rsr %0, ccount" : "=a"(count));
  return count;
}

#else

static inline void forge_cycles_start(void) {}
static inline uint32_t forge_cycles(void) { return 0; }

#endif

#endif

/* A Cortex-M4's clock over the instructions that it executes, with the flash that they and their
 * data come from: what a microcontroller's flash interface makes of wait states.
 *
 * The rules are those of ST's adaptive real-time memory accelerator (RM0432, "Adaptive real-time
 * memory accelerator (ART Accelerator)") and of the core's instruction queue; memory_system.c
 * states each where it is applied. machines/memory_system.py mirrors these structures. */
#ifndef TINYFORGE_MEMORY_SYSTEM_H
#define TINYFORGE_MEMORY_SYSTEM_H

#include <stdint.h>

enum { MOST_CACHE_LINES = 256 };

/* An instruction as it lies in flash. */
typedef struct {
  uint8_t bytes;        /* 2 or 4; 0 where none begins */
  uint8_t behind;       /* its cycles, executed just after the one before it in memory */
  uint8_t branched_to;  /* its cycles, after a taken branch */
  uint8_t words;        /* of data that it moves, one after the other; 0 for none */
  uint8_t word_bytes;   /* of each: 1, 2 or 4 */
  uint8_t loads;        /* whether it reads them */
  uint8_t conditional;  /* whether it stands in an IT block */
} instruction;

/* lines: 0 where there is no such cache. ways: lines that a piece of memory may lie in. */
typedef struct {
  uint32_t lines, ways, line_bytes;
} cache_shape;

typedef struct {
  uint32_t flash_base, flash_bytes;
  uint32_t wait_states;     /* cycles that a read of the flash takes more than one */
  uint32_t read_bytes;      /* what such a read brings: aligned, a power of 2 */
  uint32_t prefetch;        /* whether the flash reads on behind what the core fetches */
  cache_shape instructions, data;
  uint32_t slow_ram;        /* loads at this address and above take a cycle more */
} memory_system;

typedef struct core_clock core_clock;

enum { NO_DATA = 0xFFFFFFFF }; /* as address of an instruction's data: it moved none */

/* NULL when out of memory. */
core_clock *clock_open(const memory_system *system);
void clock_close(core_clock *clock);

/* The core executes an instruction at address, which moves its words from or to data on. */
void clock_step(core_clock *clock, uint32_t address, const instruction *executed, uint32_t data);

/* Cycles since it was opened. */
uint64_t clock_now(const core_clock *clock);

/* Bus accesses more than an aligned one takes: a word at an odd address goes as a byte, a halfword
 * and a byte, any other in two halves. */
uint32_t extra_accesses(const instruction *executed, uint32_t data);

#endif

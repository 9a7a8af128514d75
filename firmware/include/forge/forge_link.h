/* The self-test over a serial line: a computer asks, the board answers. It can ask who the board
 * is, hand it inputs, have it run the model or the first of its steps, and read the output or the
 * arena. What is said is in firmware/link/forge_link.c's table of messages.
 *
 * No allocation; about 800 bytes of RAM with the stack, and none where no application calls these. */
#ifndef FORGE_FORGE_LINK_H
#define FORGE_FORGE_LINK_H

#include <stdint.h>

#include "forge/forge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which firmware this is; generated, one an engine. */
typedef struct {
  const char *engine;           /* "aot" or "tflm" */
  const char *board;            /* the board's id */
  uint8_t model[8];             /* the first bytes of the .tflite file's SHA-256 */
  uint16_t golden_count;        /* golden vectors that are compiled in */
  const int8_t *arena;          /* NULL where the engine's own structures lie in it */
  uint32_t arena_bytes;         /* 0 then */
  void (*run_step)(int step);   /* one step of the model, as in forge_steps.h, or NULL */
  uint16_t step_count;          /* 0 then */
} forge_link_identity;

extern const forge_link_identity forge_link_self;

/* Called once, after forge_init: tells what that returned. Until then every answer but the board's
 * name is a refusal. */
void forge_link_begin(forge_status initialized);

/* Takes what has arrived on the serial port, a few bytes at the most, and answers what is complete.
 * Does not wait, but runs the model when asked to. To be called from an application's idle loop. */
void forge_link_poll(void);

#ifdef __cplusplus
}
#endif

#endif

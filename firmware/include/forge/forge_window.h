/* The model's inputs as a window over a stream, which moves on by FORGE_WINDOW_HOP bytes from one
 * inference to the next; an application defines that first. */
#ifndef FORGE_FORGE_WINDOW_H
#define FORGE_FORGE_WINDOW_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "forge/forge.h"
#include "forge/forge_whole.h"
#include "model.h"

_Static_assert(FORGE_WINDOW_HOP > 0 && FORGE_WINDOW_HOP <= FORGE_INPUT_BYTES,
               "the window moves by at least a byte and at most its length");
_Static_assert(FORGE_INPUT_COUNT == 1 || FORGE_WINDOW_HOP == FORGE_INPUT_BYTES,
               "windows of several inputs do not overlap");

/* Moves size bytes on by a hop: what is still of use goes to the front. Returns how many bytes that
 * are: none of a window that was never full. */
static inline size_t forge_window_keep(int8_t *bytes, size_t size, size_t hop, int full) {
  if (!full) return 0;
  memmove(bytes, bytes + hop, size - hop);
  return size - hop;
}

#if FORGE_WINDOW_HOP == FORGE_INPUT_BYTES && !FORGE_FED_BY_ROWS
/* Nothing is shared: the window is put together where the input lies. */
static inline int8_t *forge_window(void) { return forge_input_at(0); }
static inline forge_status forge_window_run(void) { return forge_invoke(); }
#else
/* The model may overwrite its input, or keep no more than rows of it, so what the next window shares
 * with this one is kept here. */
static inline int8_t *forge_window(void) {
  static int8_t bytes[FORGE_INPUT_BYTES];
  return bytes;
}
static inline forge_status forge_window_run(void) { return forge_run_whole(forge_window()); }
#endif

/* Moves the window on. Returns where fresh bytes go, and how many it lacks: first all, then a hop. */
static inline int8_t *forge_window_move(size_t *fresh) {
  static int full;
  const size_t kept = forge_window_keep(forge_window(), FORGE_INPUT_BYTES, FORGE_WINDOW_HOP, full);
  full = 1;
  *fresh = FORGE_INPUT_BYTES - kept;
  return forge_window() + kept;
}

#endif

/* The compiled model step by step, on its golden vectors: what every layer leaves, not answers alone.
 * An answer hides much, a wrong weight whose pixel saturates for one; few things hide from all. */
#include <string.h>

#include "digests.h"
#include "forge/forge.h"
#include "forge/forge_layers.h"
#include "forge/forge_steps.h"
#include "forge/forge_whole.h"
#include "golden.h"
#include "model.h"

/* Functions of their own, and loops as they stand: a self-test is not to be fast, but small, and its
 * stack below that of the layers. */
#ifdef __clang__
#define AS_IT_STANDS _Pragma("clang loop unroll(disable) vectorize(disable)")
#else
#define AS_IT_STANDS
#endif

static uint32_t with_row(uint32_t digest, const int8_t *row, int size) {
  AS_IT_STANDS
  for (int i = 0; i < size; i++) digest = digest * FORGE_DIGEST_FACTOR + (uint8_t)row[i];
  return digest;
}

/* Goes on with what the number-th step that finishes rows of an output has finished of it. */
static uint32_t with_rows(uint32_t digest, const forge_piece *p, int number) {
#if FORGE_SEVERAL_ROWS
  const int begin = number * p->rows;
  const int end = begin + p->rows < p->made ? begin + p->rows : p->made;
#else
  const int begin = number, end = number + 1;
#endif
  AS_IT_STANDS
  for (int row = begin; row < end; row++) {
    digest = with_row(digest, FORGE_ARENA_AT(p->offset) + row % p->room * p->size, p->size);
  }
  return digest;
}

/* With all that a step has finished. Rows that a layer only takes in finish nothing. */
static __attribute__((noinline)) uint32_t with_finished(uint32_t digest, forge_step step) {
  AS_IT_STANDS
  for (const forge_piece *p = forge_pieces; p < forge_pieces + FORGE_PIECE_COUNT; p++) {
    if (p->layer != step.layer || step.row < p->first) continue;
    digest = with_rows(digest, p, step.row - p->first);
  }
  return digest;
}

#if FORGE_FED_BY_ROWS
static void write_row(const int8_t *rows, forge_step step) {
  if (step.layer != FORGE_STEP_TAKES_ROW) return;
  memcpy(forge_row_place(step.row), rows + step.row * FORGE_INPUT_ROW_BYTES, FORGE_INPUT_ROW_BYTES);
}
#endif

/* Of all that layers leave of an inference, in the order in which it is finished. */
static uint32_t digest_of(const int8_t *inputs) {
  const int8_t *rows = forge_write_whole(inputs);
  (void)rows;
  uint32_t digest = 0;
  AS_IT_STANDS
  for (int i = 0; i < FORGE_STEP_COUNT; i++) {
#if FORGE_FED_BY_ROWS
    write_row(rows, forge_step_at(i));
#endif
    forge_run_step(i);
    digest = with_finished(digest, forge_step_at(i));
  }
  return digest;
}

int forge_differing_layers(void) {
  AS_IT_STANDS
  for (int vector = 0; vector < FORGE_GOLDEN_COUNT; vector++) {
    if (digest_of(forge_golden_inputs[vector]) != forge_golden_digests[vector]) return vector;
  }
  return -1;
}

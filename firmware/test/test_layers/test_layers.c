/* Every layer of the compiled model by itself, a test each: `pio test -e sim -f test_layers`,
 * `pio test -e native -f test_layers`.
 *
 * Inferences are taken step by step. What a step has finished is compared at once, for later steps
 * use its memory again. What is wrong is noted and put right, so that a layer's test fails through
 * that layer, never through what it was given. */
#include <string.h>

#include "forge/forge.h"
#include "forge/forge_port.h"
#include "forge/forge_steps.h"
#include "layers.h"
#include "unity.h"

extern int8_t forge_arena[];

/* The first element of each tensor that differs. */
static struct {
  int found_one;
  int32_t element;
  int8_t expected[4], found[4];
} differences[FORGE_LAYERS_TENSORS];

/* The tensor that computes() tests. */
static int32_t tested;

static forge_status started = FORGE_ERROR_STATE;

static void note(int32_t tensor, int32_t element, const int8_t *expected, const int8_t *found) {
  if (differences[tensor].found_one) return;
  const size_t width = forge_width(forge_layers_tensors[tensor].type);
  differences[tensor].found_one = 1;
  differences[tensor].element = element;
  memcpy(differences[tensor].expected, expected, width);
  memcpy(differences[tensor].found, found, width);
}

static void settle(const forge_layers_piece *piece, int32_t inference) {
  const forge_layers_tensor *tensor = &forge_layers_tensors[piece->tensor];
  const int32_t begin = inference * tensor->size + piece->begin;
  const int8_t *expected = tensor->expected + begin;
  const int32_t width = (int32_t)forge_width(tensor->type);
  int8_t *found = forge_arena + piece->offset;
  for (int32_t i = 0; i < piece->size; i++) {
    if (found[i] == expected[i]) continue;
    const int32_t first = i / width * width;
    note(piece->tensor, (begin + i) / width, expected + first, found + first);
    found[i] = expected[i];
  }
}

/* All steps. To put the input right, which no layer has made, is to write it. */
static void infer(int32_t inference) {
  int32_t taken = 0;
  for (int32_t i = 0; i < FORGE_LAYERS_PIECES; i++) {
    while (taken < forge_layers_pieces[i].steps) forge_run_step(taken++);
    settle(&forge_layers_pieces[i], inference);
  }
  while (taken < FORGE_LAYERS_STEPS) forge_run_step(taken++);
}

static void initializes(void) {
  started = forge_init();
  TEST_ASSERT_MESSAGE(started == FORGE_OK, forge_status_text(started));
}

static void computes(void) {
  TEST_ASSERT_MESSAGE(started == FORGE_OK, forge_status_text(FORGE_ERROR_STATE));
  if (!differences[tested].found_one) return;
  TEST_FAIL_ELEMENT(forge_layers_tensors[tested].type, differences[tested].element,
                    differences[tested].expected, differences[tested].found);
}

void forge_app_main(void) {
  forge_port_init();
  RUN_TEST(initializes);
  for (int32_t i = 0; i < FORGE_LAYERS_INFERENCES && started == FORGE_OK; i++) infer(i);
  for (tested = FORGE_LAYERS_FIRST; tested < FORGE_LAYERS_TENSORS; tested++) {
    RUN_TEST_NAMED(computes, forge_layers_tensors[tested].name);
  }
  UNITY_END();
  forge_port_exit(0);
}

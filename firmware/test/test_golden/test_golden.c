/* The firmware against golden vectors, and its tables against the model, a test each:
 * `pio test -e sim`, `pio test -e native`. */
#include "forge/forge.h"
#include "forge/forge_layers.h"
#include "forge/forge_port.h"
#include "forge/forge_whole.h"
#include "golden.h"
#include "model.h"
#include "tables.h"
#include "unity.h"

/* The golden vector that golden() tests. */
static int32_t vector;

static forge_status started = FORGE_ERROR_STATE;

static void initializes(void) {
  started = forge_init();
  TEST_ASSERT_MESSAGE(started == FORGE_OK, forge_status_text(started));
}

static void golden(void) {
  static const size_t sizes[] = {FORGE_OUTPUTS(FORGE_TENSOR_BYTES)};
  static const forge_type types[] = {FORGE_OUTPUTS(FORGE_TENSOR_TYPE)};
  TEST_ASSERT_MESSAGE(started == FORGE_OK, forge_status_text(FORGE_ERROR_STATE));
  const forge_status status = forge_run_whole(forge_golden_inputs[vector]);
  TEST_ASSERT_MESSAGE(status == FORGE_OK, forge_status_text(status));
  const int8_t *expected = forge_golden_outputs[vector];
  for (int i = 0; i < FORGE_OUTPUT_COUNT; expected += sizes[i++]) {
    TEST_ASSERT_EQUAL_OUTPUT(FORGE_OUTPUT_COUNT == 1 ? -1 : i, types[i], expected,
                             (const int8_t *)forge_output_at(i), sizes[i]);
  }
}

#if FORGE_GOLDEN_LAYERS
static void layers(void) {
  const forge_status status = forge_reset();
  TEST_ASSERT_MESSAGE(status == FORGE_OK, forge_status_text(status));
  TEST_ASSERT_MESSAGE(forge_differing_layers() < 0, "a layer's values differ");
}
#endif

/* The table that table_is_the_model_s() tests. */
static const forge_table *table;

static void table_is_the_model_s(void) {
  uint32_t digest = 0;
  for (int32_t i = 0; i < table->size; i++) digest = digest * FORGE_TABLE_FACTOR + table->bytes[i];
  TEST_ASSERT_MESSAGE(digest == table->digest, "the table is another than the model's");
}

void forge_app_main(void) {
  forge_port_init();
  RUN_TEST(initializes);
  for (vector = 0; vector < FORGE_GOLDEN_COUNT; vector++) RUN_TEST_NUMBER(golden, vector);
#if FORGE_GOLDEN_LAYERS
  RUN_TEST(layers);
#endif
  for (table = forge_tables; table < forge_tables + FORGE_TABLE_COUNT; table++) {
    if (table->bytes != NULL) RUN_TEST_NAMED(table_is_the_model_s, table->name);
  }
  UNITY_END();
  forge_port_exit(0);
}

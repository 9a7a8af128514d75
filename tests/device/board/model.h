/* The least that forge_link.c needs to know of a model. */
#define FORGE_INPUT_COUNT 1
#define FORGE_INPUT_TYPE int8_t
#define FORGE_INPUT_MIXED 0
#define FORGE_INPUT_BYTES 300
#define FORGE_INPUTS(X) X(FORGE_INT8, 300, 1.0f, 0, 1, 300)
#define FORGE_OUTPUT_COUNT 1
#define FORGE_OUTPUT_TYPE int8_t
#define FORGE_OUTPUT_MIXED 0
#define FORGE_OUTPUT_BYTES 5
#define FORGE_OUTPUTS(X) X(FORGE_INT8, 5, 1.0f, 0, 1, 5)
#define FORGE_ROWS_INPUT 0
#define FORGE_INPUT_ROWS 1
#define FORGE_INPUT_ROW_BYTES FORGE_INPUT_BYTES
#define FORGE_FED_BY_ROWS 0

#include "forge/forge_tensors.h"

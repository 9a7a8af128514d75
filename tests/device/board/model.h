/* The least that forge_link.c needs to know of a model. */
#define FORGE_INPUT_BYTES 300
#define FORGE_OUTPUT_BYTES 5
#define FORGE_INPUT_ROWS 1
#define FORGE_INPUT_ROW_BYTES FORGE_INPUT_BYTES
#define FORGE_FED_BY_ROWS 0

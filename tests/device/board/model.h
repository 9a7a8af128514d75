/* The least that forge_link.c needs to know of a model. */
#define FORGE_INPUT_BYTES 300
#define FORGE_OUTPUT_BYTES 5

/* What a generated model gives to the interpreter's glue (interpreter.cc). */
#ifndef FORGE_ENGINES_TFLM_H
#define FORGE_ENGINES_TFLM_H

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/micro_op_resolver.h"

/* All memory of the interpreter: activations, scratch, and its own structures. forge_arena_predicted:
 * how many of its bytes they were computed to take. */
extern uint8_t forge_arena[];
extern const size_t forge_arena_bytes;
extern const size_t forge_arena_predicted;

/* The model's .tflite file. */
extern "C" const unsigned char forge_model_data[];

/* A resolver with exactly the model's operators; nullptr when one could not be registered. */
const tflite::MicroOpResolver *forge_tflm_resolver();

#endif

/* The model's inputs and outputs in C's own types. model.h includes this, after the constants that it
 * rests on. */
#ifndef FORGE_FORGE_TENSORS_H
#define FORGE_FORGE_TENSORS_H

#include "forge/forge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the elements of all inputs are, and of all outputs; void where they are not of one type: then
 * a pointer to them is put into a variable of the type that model.h names. */
typedef FORGE_INPUT_TYPE forge_input_t;
typedef FORGE_OUTPUT_TYPE forge_output_t;

/* Where an input goes, and where an output lies: forge_input(FORGE_INPUT_...), by numbers in model.h;
 * without a number the first one, which mostly is the only one. As forge_input_at and forge_output_at. */
#define forge_input(...) ((forge_input_t *)forge_input_at((int)(__VA_ARGS__ + 0)))
#define forge_output(...) ((const forge_output_t *)forge_output_at((int)(__VA_ARGS__ + 0)))

/* A real input value as the model wants it: rounded half away from zero, saturated; of float32 the
 * value itself, but for inputs of mixed types: there float32 is written as it is. */
#if FORGE_INPUT_COUNT == 1
forge_input_t forge_quantize_input(float x);
#elif FORGE_INPUT_MIXED
int32_t forge_quantize_input_at(int index, float x);
#else
forge_input_t forge_quantize_input_at(int index, float x);
#endif

/* The real value of one output element; of a type without quantization the value itself. */
#if FORGE_OUTPUT_COUNT == 1
float forge_dequantize_output(forge_output_t q);
#elif FORGE_OUTPUT_MIXED
float forge_dequantize_output_at(int index, float q);
#else
float forge_dequantize_output_at(int index, forge_output_t q);
#endif

/* Columns of the lists FORGE_INPUTS(X) and FORGE_OUTPUTS(X) in model.h, for tables. */
#define FORGE_TENSOR_TYPE(type, bytes, scale, zero_point, rank, ...) type,
#define FORGE_TENSOR_BYTES(type, bytes, scale, zero_point, rank, ...) bytes,

#ifdef __cplusplus
}
#endif

#endif

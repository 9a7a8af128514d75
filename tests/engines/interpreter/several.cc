/* The glue for a model of several inputs and outputs. Arguments: what to spoil of which tensor, its
 * side and number. Prints forge_init's status, and whether every tensor is found at its number. */
#include <cstdio>
#include <cstdlib>

#include "double.h"
#include "forge/forge.h"
#include "model.h"
#include "tflm.h"

Double tflm;
alignas(16) uint8_t forge_arena[64];
const size_t forge_arena_bytes = sizeof(forge_arena);
const size_t forge_arena_predicted = sizeof(forge_arena);
extern "C" const unsigned char forge_model_data[1] = {0};

const tflite::MicroOpResolver *forge_tflm_resolver() {
  static const tflite::MicroOpResolver resolver;
  return &resolver;
}

namespace {

TfLiteType type_of(forge_type type) {
  switch (type) {
    case FORGE_INT8: return kTfLiteInt8;
    case FORGE_UINT8: return kTfLiteUInt8;
    case FORGE_BOOL: return kTfLiteBool;
    case FORGE_INT16: return kTfLiteInt16;
    case FORGE_INT32: return kTfLiteInt32;
    case FORGE_FLOAT32: return kTfLiteFloat32;
  }
  return kTfLiteNoType;
}

struct Made {
  forge_type type;
  size_t bytes;
  float scale;
  int zero_point;
  TfLiteIntArray dims;
};

#define MADE(type, bytes, scale, zero_point, rank, ...) \
  {type, bytes, scale, zero_point, {rank, {__VA_ARGS__}}},

Made inputs[] = {FORGE_INPUTS(MADE)};
Made outputs[] = {FORGE_OUTPUTS(MADE)};
int8_t memory[2][8];

/* As the interpreter has it: no scale where there is no quantization. */
TfLiteTensor tensor(Made *made, int8_t *data) {
  const bool quantized = made->type == FORGE_INT8 || made->type == FORGE_INT16;
  return {type_of(made->type), {data}, &made->dims,
          {quantized ? made->scale : 0.0f, made->zero_point}, made->bytes};
}

void spoil(const char *what, TfLiteTensor *tensor) {
  if (strcmp(what, "type") == 0) tensor->type = kTfLiteNoType;
  if (strcmp(what, "bytes") == 0) ++tensor->bytes;
  if (strcmp(what, "shape") == 0) ++tensor->dims->data[tensor->dims->size - 1];
  if (strcmp(what, "scale") == 0) tensor->params.scale = 0.75f;
  if (strcmp(what, "zero_point") == 0) ++tensor->params.zero_point;
}

}  // namespace

extern "C" void forge_port_print(const char *) {}

int main(int, char **argv) {
  tflm.inputs = FORGE_INPUT_COUNT;
  tflm.outputs = FORGE_OUTPUT_COUNT;
  for (size_t i = 0; i < tflm.inputs; i++) {
    TfLiteTensor *place = i == 0 ? &tflm.input : &tflm.other_inputs[i];
    *place = tensor(&inputs[i], &memory[0][i]);
  }
  for (size_t i = 0; i < tflm.outputs; i++) {
    TfLiteTensor *place = i == 0 ? &tflm.output : &tflm.other_outputs[i];
    *place = tensor(&outputs[i], &memory[1][i]);
  }
  const size_t number = static_cast<size_t>(atoi(argv[3]));
  const bool input = strcmp(argv[2], "input") == 0;
  TfLiteTensor *first = input ? &tflm.input : &tflm.output;
  TfLiteTensor *others = input ? tflm.other_inputs : tflm.other_outputs;
  spoil(argv[1], number == 0 ? first : &others[number]);
  printf("%s", forge_status_text(forge_init()));
  bool found = forge_input_at(FORGE_INPUT_COUNT) == nullptr && forge_output_at(-1) == nullptr;
  for (int i = 0; i < FORGE_INPUT_COUNT; i++) found &= forge_input_at(i) == &memory[0][i];
  for (int i = 0; i < FORGE_OUTPUT_COUNT; i++) found &= forge_output_at(i) == &memory[1][i];
  printf("%s\n", found ? ", all there" : "");
  return 0;
}

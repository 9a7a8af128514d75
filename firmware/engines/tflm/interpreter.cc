/* The device API on TensorFlow Lite Micro. The model's own part (operators, arena, bytes) is
 * generated; nothing here depends on it but through model.h's constants. */
#include <new>

#include "forge/forge.h"
#include "forge/forge_port.h"
#include "forge/forge_print.h"
#include "model.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tflm.h"

namespace {

/* Built in place: a function-local static would bring in the C++ runtime's guards and atexit. */
alignas(tflite::MicroInterpreter) uint8_t storage[sizeof(tflite::MicroInterpreter)];
tflite::MicroInterpreter *interpreter = nullptr;

/* What model.h says of an input or output: the application was compiled against it. */
struct Described {
  forge_type type;
  size_t bytes;
  float scale;
  int zero_point;
  int rank;
  int shape[8];
};

#define DESCRIBED(type, bytes, scale, zero_point, rank, ...) \
  {type, bytes, scale, zero_point, rank, {__VA_ARGS__}},

bool same_type(TfLiteType found, forge_type type) {
  switch (type) {
    case FORGE_INT8: return found == kTfLiteInt8;
    case FORGE_UINT8: return found == kTfLiteUInt8;
    case FORGE_BOOL: return found == kTfLiteBool;
    case FORGE_INT16: return found == kTfLiteInt16;
    case FORGE_INT32: return found == kTfLiteInt32;
    case FORGE_FLOAT32: return found == kTfLiteFloat32;
  }
  return false;
}

/* The scale is compared exactly: both are the same float of the same model. Where there is no
 * quantization the interpreter has a scale of 0, model.h of 1. */
bool matches(const TfLiteTensor *tensor, const Described &expected) {
  if (tensor == nullptr || !same_type(tensor->type, expected.type)) return false;
  if (tensor->bytes != expected.bytes) return false;
  if (tensor->dims == nullptr || tensor->dims->size != expected.rank) return false;
  for (int i = 0; i < expected.rank; i++) {
    if (tensor->dims->data[i] != expected.shape[i]) return false;
  }
  const float scale = tensor->params.scale == 0.0f ? 1.0f : tensor->params.scale;
  return scale == expected.scale && tensor->params.zero_point == expected.zero_point;
}

forge_status check_tensors(tflite::MicroInterpreter *candidate) {
  static const Described inputs[] = {FORGE_INPUTS(DESCRIBED)};
  static const Described outputs[] = {FORGE_OUTPUTS(DESCRIBED)};
  if (candidate->inputs_size() != FORGE_INPUT_COUNT) return FORGE_ERROR_MODEL;
  if (candidate->outputs_size() != FORGE_OUTPUT_COUNT) return FORGE_ERROR_MODEL;
  for (size_t i = 0; i < FORGE_INPUT_COUNT; i++) {
    if (!matches(candidate->input(i), inputs[i])) return FORGE_ERROR_MODEL;
  }
  for (size_t i = 0; i < FORGE_OUTPUT_COUNT; i++) {
    if (!matches(candidate->output(i), outputs[i])) return FORGE_ERROR_MODEL;
  }
  return FORGE_OK;
}

/* What a library takes depends on its age and its kernels: here it is seen. */
void report_arena(size_t used) {
  forge_port_print("arena: ");
  forge_print_unsigned(static_cast<uint32_t>(used));
  forge_port_print(" bytes in use, ");
  forge_print_unsigned(static_cast<uint32_t>(forge_arena_predicted));
  forge_port_print(" predicted, ");
  forge_print_unsigned(static_cast<uint32_t>(forge_arena_bytes));
  forge_port_print(" reserved\n");
}

}  // namespace

extern "C" forge_status forge_init(void) {
  if (interpreter != nullptr) return forge_reset();
  if (reinterpret_cast<uintptr_t>(forge_arena) % 16 != 0) return FORGE_ERROR_ALIGNMENT;

  const tflite::Model *model = tflite::GetModel(forge_model_data);
  if (model->version() != TFLITE_SCHEMA_VERSION) return FORGE_ERROR_MODEL;

  const tflite::MicroOpResolver *resolver = forge_tflm_resolver();
  if (resolver == nullptr) return FORGE_ERROR_OPERATOR;

  auto *candidate =
      new (storage) tflite::MicroInterpreter(model, *resolver, forge_arena, forge_arena_bytes);
  /* An operator that refuses its tensors fails here too; TFLM's own message tells them apart. */
  if (candidate->AllocateTensors() != kTfLiteOk) return FORGE_ERROR_ARENA;

  const forge_status status = check_tensors(candidate);
  if (status != FORGE_OK) return status;
  report_arena(candidate->arena_used_bytes());
  interpreter = candidate;
  return FORGE_OK;
}

/* Nobody can look between the interpreter's layers. */
extern "C" int forge_differing_layers(void) { return -1; }

extern "C" forge_status forge_reset(void) {
  if (interpreter == nullptr) return FORGE_ERROR_STATE;
  return interpreter->Reset() == kTfLiteOk ? FORGE_OK : FORGE_ERROR_OPERATOR;
}

extern "C" void *forge_input_at(int index) {
  if (interpreter == nullptr || index < 0 || index >= FORGE_INPUT_COUNT) return nullptr;
  return interpreter->input(static_cast<size_t>(index))->data.data;
}

extern "C" forge_status forge_invoke(void) {
  if (interpreter == nullptr) return FORGE_ERROR_STATE;
#if FORGE_BEGINS_ANEW
  const forge_status begun = forge_reset();
  if (begun != FORGE_OK) return begun;
#endif
  return interpreter->Invoke() == kTfLiteOk ? FORGE_OK : FORGE_ERROR_OPERATOR;
}

extern "C" const void *forge_output_at(int index) {
  if (interpreter == nullptr || index < 0 || index >= FORGE_OUTPUT_COUNT) return nullptr;
  return interpreter->output(static_cast<size_t>(index))->data.data;
}

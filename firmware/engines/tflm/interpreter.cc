/* The device API on TensorFlow Lite Micro. The model's own part (operators, arena, bytes) is
 * generated; nothing here depends on it but through model.h's constants. */
#include <new>

#include "forge/forge.h"
#include "model.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tflm.h"

namespace {

/* Built in place: a function-local static would bring in the C++ runtime's guards and atexit. */
alignas(tflite::MicroInterpreter) uint8_t storage[sizeof(tflite::MicroInterpreter)];
tflite::MicroInterpreter *interpreter = nullptr;

/* True when a tensor is what model.h says: the application was compiled against these constants.
 * The scale is compared exactly: both are the same float of the same model. */
bool matches(const TfLiteTensor *tensor, const int *shape, int rank, size_t bytes, float scale,
             int zero_point) {
  if (tensor == nullptr || tensor->type != kTfLiteInt8 || tensor->bytes != bytes) return false;
  if (tensor->dims == nullptr || tensor->dims->size != rank) return false;
  for (int i = 0; i < rank; i++) {
    if (tensor->dims->data[i] != shape[i]) return false;
  }
  return tensor->params.scale == scale && tensor->params.zero_point == zero_point;
}

forge_status check_tensors(tflite::MicroInterpreter *candidate) {
  static const int input_shape[] = FORGE_INPUT_SHAPE;
  static const int output_shape[] = FORGE_OUTPUT_SHAPE;
  if (candidate->inputs_size() != 1 || candidate->outputs_size() != 1) return FORGE_ERROR_MODEL;
  const bool same =
      matches(candidate->input(0), input_shape, FORGE_INPUT_RANK, FORGE_INPUT_BYTES,
              FORGE_INPUT_SCALE, FORGE_INPUT_ZERO_POINT) &&
      matches(candidate->output(0), output_shape, FORGE_OUTPUT_RANK, FORGE_OUTPUT_BYTES,
              FORGE_OUTPUT_SCALE, FORGE_OUTPUT_ZERO_POINT);
  return same ? FORGE_OK : FORGE_ERROR_MODEL;
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
  if (status == FORGE_OK) interpreter = candidate;
  return status;
}

extern "C" forge_status forge_reset(void) {
  if (interpreter == nullptr) return FORGE_ERROR_STATE;
  return interpreter->Reset() == kTfLiteOk ? FORGE_OK : FORGE_ERROR_OPERATOR;
}

extern "C" int8_t *forge_input(void) {
  return interpreter == nullptr ? nullptr : interpreter->input(0)->data.int8;
}

extern "C" forge_status forge_invoke(void) {
  if (interpreter == nullptr) return FORGE_ERROR_STATE;
  return interpreter->Invoke() == kTfLiteOk ? FORGE_OK : FORGE_ERROR_OPERATOR;
}

extern "C" const int8_t *forge_output(void) {
  return interpreter == nullptr ? nullptr : interpreter->output(0)->data.int8;
}

/* A stand-in for TensorFlow Lite Micro: as much of its interface as a generated project uses, with
 * failures on command. It runs no model; what it shows is that the glue checks every status and
 * every constant. The headers beside it carry TensorFlow's names and include this one. */
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>

enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
enum TfLiteType { kTfLiteNoType = 0, kTfLiteFloat32 = 1, kTfLiteInt32 = 2, kTfLiteUInt8 = 3,
                  kTfLiteBool = 6, kTfLiteInt16 = 7, kTfLiteInt8 = 9 };

struct TfLiteIntArray {
  int size;
  int data[8];
};

struct TfLiteTensor {
  TfLiteType type;
  union {
    int8_t *int8;
    void *data;
  } data;
  TfLiteIntArray *dims;
  struct {
    float scale;
    int32_t zero_point;
  } params;
  size_t bytes;
};

#define TFLITE_SCHEMA_VERSION (3)

/* What is to fail, and what was called. */
struct Double {
  uint32_t version = TFLITE_SCHEMA_VERSION;
  int failing_registration = -1;
  int registrations = 0;
  int registrations_int8 = 0;
  unsigned capacity = 0;
  TfLiteStatus allocate = kTfLiteOk;
  TfLiteStatus invoke = kTfLiteOk;
  TfLiteStatus reset = kTfLiteOk;
  int resets = 0;
  size_t inputs = 1, outputs = 1;
  const void *model = nullptr;
  uint8_t *arena = nullptr;
  size_t arena_size = 0;
  size_t arena_used = 12345;
  TfLiteTensor input, output;
  TfLiteTensor other_inputs[8], other_outputs[8]; /* behind the first, by number */
};

extern Double tflm;

/* What a platform gives to TFLM: until the middle of 2023, and since then. */
extern "C" {
#if __has_include("tensorflow/lite/micro/micro_string.h")
void DebugLog(const char *text);
#else
void DebugLog(const char *format, va_list arguments);
int DebugVsnprintf(char *buffer, size_t size, const char *format, va_list arguments);
#endif
}

namespace tflite {

struct TFLMRegistration {
  bool int8 = false;
};

inline TFLMRegistration int8_registration() { return {true}; }

class MicroOpResolver {
 public:
  virtual void anchor() const {}
};

template <unsigned Capacity>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  MicroMutableOpResolver() {
    tflm.capacity = Capacity;
    tflm.registrations = tflm.registrations_int8 = 0;
  }

  TfLiteStatus add(TFLMRegistration registration) {
    if (tflm.registrations >= (int)Capacity) return kTfLiteError;
    if (tflm.registrations == tflm.failing_registration) return kTfLiteError;
    tflm.registrations++;
    tflm.registrations_int8 += registration.int8;
    return kTfLiteOk;
  }

  TfLiteStatus AddConv2D(TFLMRegistration r = {}) { return add(r); }
  TfLiteStatus AddMaxPool2D(TFLMRegistration r = {}) { return add(r); }
  TfLiteStatus AddReshape(TFLMRegistration r = {}) { return add(r); }
  TfLiteStatus AddFullyConnected(TFLMRegistration r = {}) { return add(r); }
  TfLiteStatus AddSoftmax(TFLMRegistration r = {}) { return add(r); }
};

struct Model {
  uint32_t version() const { return tflm.version; }
};

inline const Model *GetModel(const void *bytes) {
  static const Model model;
  tflm.model = bytes;
  return &model;
}

class MicroInterpreter {
 public:
  MicroInterpreter(const Model *, const MicroOpResolver &, uint8_t *arena, size_t size) {
    tflm.arena = arena;
    tflm.arena_size = size;
  }
  TfLiteStatus AllocateTensors() { return tflm.allocate; }
  TfLiteStatus Invoke() { return tflm.invoke; }
  TfLiteStatus Reset() {
    tflm.resets++;
    return tflm.reset;
  }
  size_t arena_used_bytes() const { return tflm.arena_used; }
  size_t inputs_size() const { return tflm.inputs; }
  size_t outputs_size() const { return tflm.outputs; }
  TfLiteTensor *input(size_t i) { return i == 0 ? &tflm.input : &tflm.other_inputs[i]; }
  TfLiteTensor *output(size_t i) { return i == 0 ? &tflm.output : &tflm.other_outputs[i]; }
};

}  // namespace tflite

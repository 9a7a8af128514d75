/* Brings the double into the state that argument 1 names, calls forge_init, and prints its status,
 * then what the other calls give before and after. */
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "double.h"
#include "forge/forge.h"
#include "model.h"

Double tflm;

extern "C" const unsigned char forge_model_data[];

extern "C" void forge_port_print(const char *text) { fputs(text, stdout); }

namespace {

int8_t input_values[FORGE_INPUT_BYTES], output_values[FORGE_OUTPUT_BYTES];
TfLiteIntArray input_dims = {FORGE_INPUT_RANK, FORGE_INPUT_SHAPE};
TfLiteIntArray output_dims = {FORGE_OUTPUT_RANK, FORGE_OUTPUT_SHAPE};

void all_is_well() {
  tflm.input = {kTfLiteInt8, {input_values}, &input_dims,
                {FORGE_INPUT_SCALE, FORGE_INPUT_ZERO_POINT}, FORGE_INPUT_BYTES};
  tflm.output = {kTfLiteInt8, {output_values}, &output_dims,
                 {FORGE_OUTPUT_SCALE, FORGE_OUTPUT_ZERO_POINT}, FORGE_OUTPUT_BYTES};
}

float next(float x) { /* the float beside it: the smallest difference there is */
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits++;
  memcpy(&x, &bits, sizeof bits);
  return x;
}

bool spoil(const char *what, int number) {
  TfLiteTensor *tensor = number % 2 == 0 ? &tflm.input : &tflm.output;
  if (strcmp(what, "nothing") == 0) return true;
  if (strcmp(what, "version") == 0) return tflm.version = 2;
  if (strcmp(what, "registration") == 0) return (tflm.failing_registration = number) >= 0;
  if (strcmp(what, "allocate") == 0) return tflm.allocate = kTfLiteError;
  if (strcmp(what, "invoke") == 0) return tflm.invoke = kTfLiteError;
  if (strcmp(what, "reset") == 0) return tflm.reset = kTfLiteError;
  if (strcmp(what, "inputs") == 0) return tflm.inputs = 2;
  if (strcmp(what, "outputs") == 0) return tflm.outputs = 2;
  if (strcmp(what, "type") == 0) return tensor->type = kTfLiteFloat32;
  if (strcmp(what, "bytes") == 0) return ++tensor->bytes;
  if (strcmp(what, "dims") == 0) return (tensor->dims = nullptr) == nullptr;
  if (strcmp(what, "rank") == 0) return ++tensor->dims->size;
  if (strcmp(what, "shape") == 0) return ++tensor->dims->data[tensor->dims->size - 1];
  if (strcmp(what, "scale") == 0) return (tensor->params.scale = next(tensor->params.scale)) > 0;
  if (strcmp(what, "zero_point") == 0) return ++tensor->params.zero_point < 128;
  return false;
}

#if __has_include("tensorflow/lite/micro/micro_string.h")

int messages(int) {
  DebugLog("100% finished text");
  DebugLog("\n");
  return 0;
}

#else

void message(const char *format, ...) { /* as TFLM's MicroPrintf */
  va_list arguments;
  va_start(arguments, format);
  DebugLog(format, arguments);
  va_end(arguments);
  forge_port_print("\n");
}

/* As TFLM's MicroSnprintf, and what the C library makes of the same: its length, and as much as
 * fits into size bytes, at most 80. */
void same(size_t size, const char *format, ...) {
  char ours[80], theirs[80];
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const int length = DebugVsnprintf(ours, size, format, arguments);
  const int right = vsnprintf(theirs, size, format, again);
  va_end(again);
  va_end(arguments);
  printf("%s: %s, %d and %s, %d\n",
         length == right && strcmp(ours, theirs) == 0 ? "same" : "DIFFERENT", ours, length, theirs,
         right);
}

int messages(int number) {
  message("needs %d bytes, has %s", number, "none");
  static char long_text[301];
  memset(long_text, 'x', 300);
  message("%s", long_text);
  same(40, "%d %i %d", INT_MIN, number, 0);
  same(60, "%ld %lld %lu", LONG_MIN, LLONG_MIN, ULONG_MAX);
  same(60, "%u %x %zu %llu", UINT_MAX, 0xdeadbeefu, SIZE_MAX, ULLONG_MAX);
  same(20, "%c%s%%%c", 'a', "bc", 'd');
  same(5, "%s!", "a text that is cut");
  same(5, "%s", "1234");
  same(1, "%d", number);
  message("%f then %d, %5d|%-3d|%.2s", 0.5, number, 1, 2, "xyz");
  return 0;
}

#endif

void show(const char *when, forge_status status) {
  printf("%s: %s\n", when, forge_status_text(status));
}

void pointers(const char *when) {
  printf("%s: input %s, output %s\n", when, forge_input() == input_values ? "there" : "missing",
         forge_output() == output_values ? "there" : "missing");
  if ((forge_input() == nullptr) != (forge_output() == nullptr)) exit(1);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) return 1;
  if (strcmp(argv[1], "message") == 0) return messages(atoi(argv[2]));
  all_is_well();
  if (!spoil(argv[1], atoi(argv[2]))) return 1;
  show("invoke", forge_invoke());
  show("reset", forge_reset());
  pointers("before");
  show("init", forge_init());
  pointers("after");
  show("invoke", forge_invoke());
  show("reset", forge_reset());
  show("again", forge_init());
  printf("registered %d of %u, %d for int8 alone; arena %zu bytes, aligned %d; model %d; "
         "%d resets\n",
         tflm.registrations, tflm.capacity, tflm.registrations_int8, tflm.arena_size,
         (int)((uintptr_t)tflm.arena % 16 == 0), (int)(tflm.model == forge_model_data), tflm.resets);
  return 0;
}

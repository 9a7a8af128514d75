/* Where TensorFlow Lite Micro's messages go: to the port's console, with all else that the firmware
 * prints. TFLM's own version writes to the C library's stderr, which leads nowhere on most boards.
 * Weak: a library that brings its own for a platform keeps it. */
#include "tensorflow/lite/micro/debug_log.h"

#include <cstdio>

#include "forge/forge_port.h"

extern "C" __attribute__((weak)) int DebugVsnprintf(char *buffer, size_t size, const char *format,
                                                    va_list arguments) {
  return vsnprintf(buffer, size, format, arguments);
}

extern "C" __attribute__((weak)) void DebugLog(const char *format, va_list arguments) {
  char text[160]; /* two lines of a terminal; what is longer is cut, not refused */
  if (vsnprintf(text, sizeof text, format, arguments) >= 0) forge_port_print(text);
}

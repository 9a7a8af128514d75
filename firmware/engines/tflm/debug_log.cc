/* Where TensorFlow Lite Micro's messages go: to the port's console, with all else that the firmware
 * prints. TFLM's own version prints with the C library, whose printf needs malloc, to a stderr that
 * leads nowhere on most boards.
 * Weak: a library that brings its own for a platform keeps it. */
#include "tensorflow/lite/micro/debug_log.h"

#include "forge/forge_port.h"
#include "generations.h"

#if FORGE_TFLM_LOGS_TEXT

extern "C" __attribute__((weak)) void DebugLog(const char *text) { forge_port_print(text); }

#else

namespace {

/* Text of at most size bytes, its end included. length: of the whole text, however much fits. */
struct Text {
  char *buffer;
  size_t size;
  size_t length;

  void put(char c) {
    if (length + 1 < size) buffer[length] = c;
    length++;
  }

  void put(const char *string) {
    for (; *string != '\0'; string++) put(*string);
  }

  void number(unsigned long long value, unsigned base) {
    char digits[20]; /* of 2^64 - 1 */
    int count = 0;
    do {
      digits[count++] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    while (count > 0) put(digits[--count]);
  }

  void end() {
    if (size > 0) buffer[length < size ? length : size - 1] = '\0';
  }
};

struct Arguments {
  va_list list;
};

unsigned long long unsigned_argument(Arguments &arguments, int longs) {
  if (longs == 0) return va_arg(arguments.list, unsigned);
  if (longs == 1) return va_arg(arguments.list, unsigned long);
  return va_arg(arguments.list, unsigned long long);
}

long long signed_argument(Arguments &arguments, int longs) {
  if (longs == 0) return va_arg(arguments.list, int);
  if (longs == 1) return va_arg(arguments.list, long);
  return va_arg(arguments.list, long long);
}

/* Appends what a conversion stands for. longs: how many l came before it. */
void convert(Text &text, char conversion, int longs, Arguments &arguments) {
  switch (conversion) {
    case 'd':
    case 'i': {
      const long long value = signed_argument(arguments, longs);
      if (value < 0) text.put('-');
      text.number(value < 0 ? 0 - static_cast<unsigned long long>(value) : value, 10);
      break;
    }
    case 'u':
      text.number(unsigned_argument(arguments, longs), 10);
      break;
    case 'x':
      text.number(unsigned_argument(arguments, longs), 16);
      break;
    case 'p':
      text.number(reinterpret_cast<uintptr_t>(va_arg(arguments.list, void *)), 16);
      break;
    case 'c':
      text.put(static_cast<char>(va_arg(arguments.list, int)));
      break;
    case 's': {
      const char *string = va_arg(arguments.list, const char *);
      text.put(string == nullptr ? "(null)" : string);
      break;
    }
    case 'e':
    case 'f':
    case 'g': /* printing these exactly takes more code than all kernels of a small model */
      (void)va_arg(arguments.list, double);
      text.put('?');
      break;
    default: /* "%%", or what no message of TFLM's has */
      text.put(conversion);
  }
}

/* As vsnprintf, for the conversions above; width, precision and flags are passed over. */
size_t print(char *buffer, size_t size, const char *format, Arguments &arguments) {
  Text text = {buffer, size, 0};
  for (; *format != '\0'; format++) {
    if (*format != '%') {
      text.put(*format);
      continue;
    }
    int longs = 0;
    for (format++; (*format >= '0' && *format <= '9') || *format == '.' || *format == '-' ||
                   *format == 'l' || *format == 'z';
         format++) {
      longs += *format == 'l' || (*format == 'z' && sizeof(size_t) > sizeof(unsigned));
    }
    if (*format == '\0') break;
    convert(text, *format, longs, arguments);
  }
  text.end();
  return text.length;
}

}  // namespace

extern "C" __attribute__((weak)) int DebugVsnprintf(char *buffer, size_t size, const char *format,
                                                    va_list list) {
  Arguments arguments;
  va_copy(arguments.list, list);
  const size_t length = print(buffer, size, format, arguments);
  va_end(arguments.list);
  return static_cast<int>(length);
}

extern "C" __attribute__((weak)) void DebugLog(const char *format, va_list list) {
  char text[160]; /* two lines of a terminal; what is longer is cut, not refused */
  DebugVsnprintf(text, sizeof text, format, list);
  forge_port_print(text);
}

#endif

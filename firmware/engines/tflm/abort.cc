/* What TensorFlow Lite Micro and flatbuffers call when they find a defect, for newlib: its own
 * versions print and raise signals, which brings printf, malloc and a heap into the firmware.
 * Weak: a framework that has its own keeps it. */
#include <cassert>
#include <cstdlib>

#include "forge/forge_port.h"

#ifdef __NEWLIB__

extern "C" __attribute__((weak, noreturn)) void abort() {
  forge_port_print("TensorFlow Lite Micro: abort\n");
  for (;;) forge_port_exit(EXIT_FAILURE);
}

extern "C" __attribute__((weak, noreturn)) void __assert_func(const char *, int, const char *,
                                                              const char *expression) {
  forge_port_print("assertion failed: ");
  forge_port_print(expression);
  forge_port_print("\n");
  abort();
}

#endif

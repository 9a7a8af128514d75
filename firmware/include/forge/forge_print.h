/* Numbers on the console, where there is no printf. */
#ifndef FORGE_FORGE_PRINT_H
#define FORGE_FORGE_PRINT_H

#include <stdint.h>

#include "forge/forge_port.h"

static inline void forge_print_unsigned(uint32_t value) {
  char text[11];
  char *p = text + sizeof text - 1;
  *p = '\0';
  do {
    *--p = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  forge_port_print(p);
}

static inline void forge_print_number(int32_t value) {
  if (value < 0) forge_port_print("-");
  forge_print_unsigned(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

/* "17: expected 4, found 5", and the line's end. */
static inline void forge_print_difference(int32_t index, int32_t expected, int32_t found) {
  forge_print_number(index);
  forge_port_print(": expected ");
  forge_print_number(expected);
  forge_port_print(", found ");
  forge_print_number(found);
  forge_port_print("\n");
}

#endif

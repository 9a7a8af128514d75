/* Numbers on the console, where there is no printf. */
#ifndef FORGE_FORGE_PRINT_H
#define FORGE_FORGE_PRINT_H

#include <stddef.h>
#include <stdint.h>

#include "forge/forge.h"
#include "forge/forge_port.h"

/* A function of its own, as the next one is: each place that prints would have some 150 bytes of it. */
static __attribute__((noinline, unused)) void forge_print_unsigned(uint32_t value) {
  char text[11];
  char *p = text + sizeof text - 1;
  *p = '\0';
  do {
    *--p = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  forge_port_print(p);
}

static __attribute__((noinline, unused)) void forge_print_number(int32_t value) {
  if (value < 0) forge_port_print("-");
  forge_print_unsigned(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

/* Bytes of an element. */
static inline size_t forge_width(forge_type type) {
  return type < FORGE_INT16 ? 1 : type == FORGE_INT16 ? 2 : 4;
}

/* An element that lies at any address, as a number; of a real one its bits. */
static inline int32_t forge_value(forge_type type, const int8_t *at) {
  const uint8_t *bytes = (const uint8_t *)at;
  if (type == FORGE_INT8) return *at;
  if (forge_width(type) == 1) return *bytes;
  const uint32_t low = bytes[0] | (uint32_t)bytes[1] << 8;
  if (type == FORGE_INT16) return (int16_t)low;
  return (int32_t)(low | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24);
}

/* "17: expected 4, found 5", and the line's end. expected, found: where element 17 lies. */
static inline void forge_print_difference(forge_type type, int32_t element, const int8_t *expected,
                                          const int8_t *found) {
  forge_print_number(element);
  forge_port_print(": expected ");
  forge_print_number(forge_value(type, expected));
  forge_port_print(", found ");
  forge_print_number(forge_value(type, found));
  forge_port_print(type == FORGE_FLOAT32 ? ", as bits\n" : "\n");
}

#endif

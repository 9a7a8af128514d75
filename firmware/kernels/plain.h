/* Values that no scale belongs to: 32-bit integers and floats, as kernels come to them. Truths are
 * uint8_t, 0 or 1. One memory holds values of every type, one after the other. */
#ifndef FORGE_KERNELS_PLAIN_H
#define FORGE_KERNELS_PLAIN_H

#include <stdint.h>

typedef int32_t __attribute__((may_alias)) forge_i32;
typedef float __attribute__((may_alias)) forge_f32;

#endif

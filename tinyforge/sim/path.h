/* The way that execution took: an array of entries, two bits of kind above a value.
 *
 * A block: its number. A repeat: the block before was entered as many times more. A part: what
 * comes next belongs to the part of that number; see block_counter.c. */
#ifndef TINYFORGE_PATH_H
#define TINYFORGE_PATH_H

#include <stdint.h>

#define PATH_VALUE UINT32_C(0x3FFFFFFF)
#define PATH_KIND UINT32_C(0xC0000000)
#define PATH_BLOCK UINT32_C(0x00000000)
#define PATH_REPEAT UINT32_C(0x40000000)
#define PATH_PART UINT32_C(0x80000000)

#endif

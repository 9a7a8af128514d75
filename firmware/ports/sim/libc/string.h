/* What libc.c defines, for toolchains that bring no C library. Searched last (-idirafter): a
 * toolchain's own <string.h> comes first. */
#ifndef FORGE_SIM_STRING_H
#define FORGE_SIM_STRING_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define FORGE_RESTRICT
#else
#define FORGE_RESTRICT restrict
#endif

void *memcpy(void *FORGE_RESTRICT destination, const void *FORGE_RESTRICT source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *destination, int value, size_t size);
int memcmp(const void *left, const void *right, size_t size);

#ifdef __cplusplus
}
#endif

#endif

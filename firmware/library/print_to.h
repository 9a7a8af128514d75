/* Where a model in a library says what its self-test found. */
#ifndef FORGE_LIBRARY_PRINT_TO_H
#define FORGE_LIBRARY_PRINT_TO_H

#ifdef __cplusplus
extern "C" {
#endif

/* forge_selftest() calls print with each piece of its line, NUL-terminated; NULL, as it is at first:
 * it says nothing, and its status alone tells. */
void forge_print_to(void (*print)(const char *text));

#ifdef __cplusplus
}
#endif

#endif

/* What the board gives to an application: console, time, frames in, results out.
 * One implementation a platform, in ports/. */
#ifndef FORGE_FORGE_PORT_H
#define FORGE_FORGE_PORT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Brings up console and clock. Called once, first. */
void forge_port_init(void);

/* Prints NUL-terminated text on the console. */
void forge_port_print(const char *text);

/* Microseconds since some fixed moment; wraps. */
uint32_t forge_port_micros(void);

/* Fills frame with the next size bytes of input, already quantized.
 * Returns 1 when a whole frame was read, 0 when there are no more. Blocks while waiting. */
int forge_port_read_frame(int8_t *frame, size_t size);

/* Hands over one result of size bytes. */
void forge_port_write_result(const int8_t *result, size_t size);

/* Ends the program where it can end (emulator, host); sleeps for ever on a board. */
void forge_port_exit(int status);

#ifdef __cplusplus
}
#endif

#endif

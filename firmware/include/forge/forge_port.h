/* What the board gives to an application: console, time, sensors in, results out.
 * One implementation a platform, in ports/. None of these allocates, none is called from an
 * interrupt. */
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

/* Processor cycles, free-running; wraps. Always 0 where there is no counter. */
uint32_t forge_port_cycles(void);

/* Returns after so many microseconds, or a little later; spends them in the deepest sleep that
 * keeps RAM and the sensors. */
void forge_port_sleep(uint32_t micros);

/* Starts a watchdog that resets the board unless it is kicked within so many milliseconds; where
 * there is none, nothing. */
void forge_port_watchdog_start(uint32_t milliseconds);
void forge_port_watchdog_kick(void);

/* Fills frame with the next size bytes of input, already quantized.
 * Returns 1 when a whole frame was read, 0 when there are no more. Blocks while waiting. */
int forge_port_read_frame(int8_t *frame, size_t size);

/* Fills row with the next size bytes of a camera's picture, rows from the top, already quantized.
 * Returns 1 when a whole row was read, 0 when there are no more. Blocks while waiting. */
int forge_port_read_row(int8_t *row, size_t size);

/* What a touch pad reports. x to the right and y downwards, from edge to edge 0 to 255. */
typedef enum {
  FORGE_PEN_MOVE, /* the pen is put down here */
  FORGE_PEN_LINE, /* it was drawn here, in a straight line, from the point before */
  FORGE_PEN_DONE  /* the drawing is finished; x and y mean nothing */
} forge_pen;

typedef struct {
  uint8_t pen; /* a forge_pen */
  uint8_t x;
  uint8_t y;
} forge_point;

/* Whether the board has a touch pad; it does not change. */
int forge_port_has_touch_pad(void);

/* Reads the touch pad's next point. Returns 1 for a point, 0 when there are no more. Blocks while
 * waiting. */
int forge_port_read_point(forge_point *point);

/* Whether the board has the sensor that an application is for, a microphone or an accelerometer; it
 * does not change. */
int forge_port_has_samples(void);

/* Reads its next samples: of a microphone one after the other, at the rate that the application
 * states; of an accelerometer x, y, z, then the next x, in its own steps. Returns 1 when all were
 * read, 0 when there are no more. Blocks while waiting. */
int forge_port_read_samples(int16_t *samples, size_t count);

/* Hands over one result of size bytes. */
void forge_port_write_result(const int8_t *result, size_t size);

/* The serial port, raw. Reads what has arrived, at most size bytes, and never waits; returns how
 * many. Writes all bytes. On boards whose console is the same port, do not mix the two. */
size_t forge_port_serial_read(uint8_t *bytes, size_t size);
void forge_port_serial_write(const uint8_t *bytes, size_t size);

/* Ends the program where it can end (emulator, host); sleeps for ever on a board. */
void forge_port_exit(int status);

#ifdef __cplusplus
}
#endif

#endif

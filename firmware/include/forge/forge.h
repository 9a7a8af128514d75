/* The device API. It is the same for every engine: an application never knows whether the model
 * runs as compiled C (aot) or in the TensorFlow Lite Micro interpreter (tflm).
 *
 * No allocation, no I/O (but for forge_selftest's console line, and what the interpreter says when
 * forge_init brings it up), no state beyond the arena and the number of rows that have been pushed.
 * Not reentrant: there is one model and one arena.
 *
 * A model with layers that remember (SVDF, LSTM), one whose FORGE_STATE_BYTES is not 0, sees its
 * inputs as a sequence, of which the inference after forge_init is the first. */
#ifndef FORGE_FORGE_H
#define FORGE_FORGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Generated code states the version it was written for; a mismatch is a compile-time error. */
#define FORGE_ABI 4

/* Status codes and their texts, from one list: X(name, text). */
#define FORGE_STATUS_LIST(X)                                                        \
  X(FORGE_OK, "ok")                                                                 \
  X(FORGE_ERROR_ABI, "generated code and runtime are of different versions")        \
  X(FORGE_ERROR_ALIGNMENT, "the arena is not aligned to 16 bytes")                  \
  X(FORGE_ERROR_ARENA, "the arena is too small for the model")                      \
  X(FORGE_ERROR_MODEL, "the model does not match the generated constants")          \
  X(FORGE_ERROR_OPERATOR, "an operator could not be registered or failed")          \
  X(FORGE_ERROR_STATE, "initializing did not succeed")                              \
  X(FORGE_ERROR_SELFTEST, "the self-test's outputs differ from the golden vectors") \
  X(FORGE_ERROR_ROWS, "this model takes its input row by row only")

#define FORGE_STATUS_ENUM(name, text) name,
typedef enum { FORGE_STATUS_LIST(FORGE_STATUS_ENUM) FORGE_STATUS_COUNT } forge_status;
#undef FORGE_STATUS_ENUM

/* What an element of an input or output is; a FORGE_BOOL is a byte, 0 or 1. */
typedef enum { FORGE_INT8, FORGE_UINT8, FORGE_BOOL, FORGE_INT16, FORGE_INT32, FORGE_FLOAT32 } forge_type;

/* The text of a status; never NULL. */
const char *forge_status_text(forge_status status);

/* Checks ABI, alignment, arena and quantization constants. Call once, before anything else. */
forge_status forge_init(void);

/* Forgets all inputs so far: the next inference is the first of a new sequence, as after forge_init.
 * Leaves the input and the output as they are; rows of an input that is not complete are given up
 * where the model is fed by rows. */
forge_status forge_reset(void);

/* Where an input of the model goes, by its number, 0 to FORGE_INPUT_COUNT - 1: shape, type and
 * quantization are in model.h, and forge_input(i) is this in the input's own type.
 * NULL for an input that is fed by rows, and for any other number. */
void *forge_input_at(int index);

/* Runs the model on what lies in its inputs. May overwrite them. */
forge_status forge_invoke(void);

/* The next row of an input, of FORGE_INPUT_ROW_BYTES bytes; the first of FORGE_INPUT_ROWS after the
 * last one. Copies it, so that the caller may use its memory again. With the last row the results
 * are there, until the next row is pushed. Of several inputs FORGE_ROWS_INPUT is the one with rows;
 * the others are written before its first row.
 *
 * A model that is fed by rows (FORGE_FED_BY_ROWS) takes its input in this way alone: it keeps no
 * more rows than it needs, forge_input_at() of it is NULL, and forge_invoke() fails. Other models
 * take it so as well. Not to be called between the rows of an input: forge_selftest, forge_input_at,
 * forge_invoke; and forge_reset, unless the model is fed by rows. */
forge_status forge_push_row(const void *row);

/* An output's last values, by its number, 0 to FORGE_OUTPUT_COUNT - 1; forge_output(i) is this in the
 * output's own type. NULL for any other number. Valid until an input is written again: what goes back
 * into an input is copied before that, to memory of the application. */
const void *forge_output_at(int index);

/* Runs the golden vectors that are compiled in; prints PASS or the first difference. They are a
 * sequence of their own: the next inference is the first of another one. */
forge_status forge_selftest(void);

#ifdef __cplusplus
}
#endif

#endif

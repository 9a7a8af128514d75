/* The board's side of the self-test. Every message is one frame (forge_frame.h); numbers are little
 * endian. A question is kind, sequence number, body; its answer the same kind with 0x80 added, the
 * same sequence number, and the body below. A refusal is 0xFF, the sequence number, a reason, and
 * a forge_status.
 *
 *   kind       question's body               answer's body
 *   1 hello    -                             protocol u8, ABI u8, status of forge_init u8,
 *                                            model 8 bytes, bytes of input u32, of output u32, of
 *                                            the arena u32, steps u16, golden vectors u16,
 *                                            engine and board as length u8 and text
 *   2 input    offset u32, bytes             -
 *   3 run      steps u16, 0xFFFF for all     processor cycles u32
 *   4 read     from u8, offset u32, size u8  the bytes; from the output (0) or the arena (1)
 *   5 reset    -                             -
 *
 * The input is all of the model's inputs, one after the other, and the output all its outputs. The
 * input is written from its beginning to its end, in pieces. Then either all is run, or step
 * after step up to a number that grows; after the last one no more than reading is possible. Reset
 * is forge_reset: the next input is the first of a sequence.
 * A model that is fed by rows runs as its input comes, of several inputs last the one with the rows:
 * the cycles are those of all rows. All is written to the end, or given up with a reset, before
 * another.
 * A question that comes twice in a row, sequence number included, is answered with the first answer
 * and has no other effect: the computer repeats what may have been lost. */
#include <string.h>

#include "forge/forge_link.h"
#include "forge/forge_port.h"
#include "forge_frame.h"
#include "model.h"

#define PROTOCOL 3
#define ALL_STEPS 0xFFFFu
#define ANSWER 0x80u
#define REFUSAL 0xFFu
#define HEADER 2u /* kind and sequence number */

enum { HELLO = 1, INPUT = 2, RUN = 3, READ = 4, RESET = 5 };
enum { FROM_OUTPUT = 0, FROM_ARENA = 1 };

typedef enum {
  ACCEPTED = 0,
  MALFORMED = 1,    /* an unknown kind, or a body of the wrong size */
  OUT_OF_RANGE = 2, /* of the input, the output, the arena or the steps */
  OUT_OF_ORDER = 3, /* no whole input to run on, or a step that has been taken already */
  ENGINE = 4        /* see the status */
} reason;

/* One question's body, and the answer's, as far as it has been written. */
typedef struct {
  const uint8_t *body;
  size_t size;
  uint8_t *answer;
  size_t written;
} exchange;

static struct {
  int begun; /* status holds what forge_link_begin was told, or a later failure */
  forge_status status;
  forge_frame_reader reader;
  uint32_t question; /* CRC of the last one */
  uint8_t frame[FORGE_FRAME_ENCODED];
  size_t frame_size; /* of the last answer; 0 before the first */
  uint32_t filled;   /* bytes of input since it was begun */
  uint16_t done;     /* steps that have been taken on it */
  uint32_t pushing;  /* cycles that its rows took */
} self;

static forge_status status(void) { return self.begun ? self.status : FORGE_ERROR_STATE; }

static uint32_t get(const uint8_t *bytes, unsigned size) {
  uint32_t value = 0;
  for (unsigned i = 0; i < size; i++) value |= (uint32_t)bytes[i] << (8 * i);
  return value;
}

static void put(exchange *x, uint32_t value, unsigned size) {
  for (unsigned i = 0; i < size; i++) x->answer[x->written++] = (uint8_t)(value >> (8 * i));
}

static void put_bytes(exchange *x, const void *bytes, size_t size) {
  memcpy(x->answer + x->written, bytes, size);
  x->written += size;
}

/* Text of any length; what does not fit in a third of a frame is cut off. */
static void put_text(exchange *x, const char *text) {
  size_t size = 0;
  while (text[size] != '\0' && size < FORGE_FRAME_PAYLOAD / 3) size++;
  put(x, (uint32_t)size, 1);
  put_bytes(x, text, size);
}

static reason hello(exchange *x) {
  if (x->size != 0) return MALFORMED;
  put(x, PROTOCOL, 1);
  put(x, FORGE_ABI, 1);
  put(x, (uint32_t)status(), 1);
  put_bytes(x, forge_link_self.model, sizeof forge_link_self.model);
  put(x, FORGE_INPUT_BYTES, 4);
  put(x, FORGE_OUTPUT_BYTES, 4);
  put(x, forge_link_self.arena_bytes, 4);
  put(x, forge_link_self.step_count, 2);
  put(x, forge_link_self.golden_count, 2);
  put_text(x, forge_link_self.engine);
  put_text(x, forge_link_self.board);
  return ACCEPTED;
}

/* Which input a byte of the whole is in; offset: of the byte, then counted from that input's begin. */
static int input_of(uint32_t *offset) {
  static const uint32_t sizes[] = {FORGE_INPUTS(FORGE_TENSOR_BYTES)};
  for (int i = 0; i < FORGE_INPUT_COUNT; i++) {
    if (FORGE_FED_BY_ROWS && i == FORGE_ROWS_INPUT) continue;
    if (*offset < sizes[i]) return i;
    *offset -= sizes[i];
  }
  return FORGE_ROWS_INPUT;
}

/* Takes the next byte of a row, and pushes the row that it completes. */
static void push(int8_t byte, uint32_t offset) {
  static int8_t row[FORGE_INPUT_ROW_BYTES];
  const uint32_t column = offset % FORGE_INPUT_ROW_BYTES;
  row[column] = byte;
  if (column + 1 < FORGE_INPUT_ROW_BYTES) return;
  const uint32_t start = forge_port_cycles();
  self.status = forge_push_row(row);
  self.pushing += forge_port_cycles() - start;
}

static forge_status take_input(const uint8_t *bytes, uint32_t size) {
  if (self.filled == 0) self.pushing = 0;
  for (uint32_t i = 0; i < size && self.status == FORGE_OK; i++) {
    uint32_t offset = self.filled++;
    const int index = input_of(&offset);
    if (FORGE_FED_BY_ROWS && index == FORGE_ROWS_INPUT) {
      push((int8_t)bytes[i], offset);
    } else {
      ((int8_t *)forge_input_at(index))[offset] = (int8_t)bytes[i];
    }
  }
  return self.status;
}

static reason input(exchange *x) {
  if (x->size <= 4) return MALFORMED;
  const uint32_t offset = get(x->body, 4);
  const uint32_t size = (uint32_t)x->size - 4;
  if (offset > FORGE_INPUT_BYTES || size > FORGE_INPUT_BYTES - offset) return OUT_OF_RANGE;
  const int begun = FORGE_FED_BY_ROWS && self.filled % FORGE_INPUT_BYTES != 0;
  if (offset == 0 && !begun) {
    self.filled = 0;
    self.done = 0;
  }
  if (offset != self.filled) return OUT_OF_ORDER;
  return take_input(x->body + 4, size) == FORGE_OK ? ACCEPTED : ENGINE;
}

/* Takes the steps that have not been taken yet up to a number, or runs the whole model. */
static forge_status run_steps(uint32_t until) {
  if (until == ALL_STEPS) {
    self.filled = 0; /* the model may have written over its input */
    return FORGE_FED_BY_ROWS ? FORGE_OK : forge_invoke();
  }
  while (self.done < until) forge_link_self.run_step(self.done++);
  return FORGE_OK;
}

static reason run(exchange *x) {
  if (x->size != 2) return MALFORMED;
  const uint32_t until = get(x->body, 2);
  if (until != ALL_STEPS && until > forge_link_self.step_count) return OUT_OF_RANGE;
  if (self.filled != FORGE_INPUT_BYTES || self.done >= until) return OUT_OF_ORDER;
  if (until == ALL_STEPS && self.done != 0) return OUT_OF_ORDER;
  const uint32_t start = forge_port_cycles();
  self.status = run_steps(until);
  const uint32_t cycles = forge_port_cycles() - start + (FORGE_FED_BY_ROWS ? self.pushing : 0);
  if (self.status != FORGE_OK) return ENGINE;
  put(x, cycles, 4);
  return ACCEPTED;
}

/* Writes bytes of the outputs, one output after the other. */
static void put_outputs(exchange *x, uint32_t offset, uint32_t size) {
  static const uint32_t sizes[] = {FORGE_OUTPUTS(FORGE_TENSOR_BYTES)};
  for (int i = 0; i < FORGE_OUTPUT_COUNT; i++) {
    const uint32_t rest = offset < sizes[i] ? sizes[i] - offset : 0;
    const uint32_t count = size < rest ? size : rest;
    if (count > 0) put_bytes(x, (const int8_t *)forge_output_at(i) + offset, count);
    offset = rest > 0 ? 0 : offset - sizes[i];
    size -= count;
  }
}

static reason read_memory(exchange *x) {
  if (x->size != 6) return MALFORMED;
  const uint8_t from = x->body[0];
  const uint32_t offset = get(x->body + 1, 4);
  const uint32_t size = x->body[5];
  const int there = from == FROM_OUTPUT || (from == FROM_ARENA && forge_link_self.arena != NULL);
  const uint32_t limit = from == FROM_OUTPUT ? FORGE_OUTPUT_BYTES : forge_link_self.arena_bytes;
  if (size > FORGE_FRAME_PAYLOAD - HEADER) return OUT_OF_RANGE;
  if (!there || offset > limit || size > limit - offset) return OUT_OF_RANGE;
  if (from == FROM_OUTPUT) {
    put_outputs(x, offset, size);
  } else {
    put_bytes(x, forge_link_self.arena + offset, size);
  }
  return ACCEPTED;
}

static reason reset(const exchange *x) {
  if (x->size != 0) return MALFORMED;
  self.filled = 0;
  self.done = 0;
  self.status = forge_reset();
  return self.status == FORGE_OK ? ACCEPTED : ENGINE;
}

static reason answer(uint8_t kind, exchange *x) {
  if (kind == HELLO) return hello(x);
  if (status() != FORGE_OK) return ENGINE;
  switch (kind) {
    case INPUT: return input(x);
    case RUN: return run(x);
    case READ: return read_memory(x);
    case RESET: return reset(x);
    default: return MALFORMED;
  }
}

static void take(const uint8_t *question, size_t size) {
  uint8_t payload[FORGE_FRAME_PAYLOAD];
  exchange x = {question + HEADER, size - HEADER, payload, HEADER};
  const reason refused = answer(question[0], &x);
  payload[0] = (uint8_t)(question[0] | ANSWER);
  payload[1] = question[1];
  if (refused != ACCEPTED) {
    payload[0] = REFUSAL;
    x.written = HEADER;
    put(&x, (uint32_t)refused, 1);
    put(&x, (uint32_t)status(), 1);
  }
  self.frame_size = forge_frame_encode(payload, x.written, self.frame);
}

static void feed(uint8_t byte) {
  const size_t size = forge_frame_feed(&self.reader, byte);
  if (size < HEADER) return;
  const uint32_t question = forge_frame_crc(self.reader.bytes, size);
  if (self.frame_size == 0 || question != self.question) take(self.reader.bytes, size);
  self.question = question;
  forge_port_serial_write(self.frame, self.frame_size);
}

void forge_link_begin(forge_status initialized) {
  self.begun = 1;
  self.status = initialized;
}

void forge_link_poll(void) {
  uint8_t bytes[32];
  const size_t size = forge_port_serial_read(bytes, sizeof bytes);
  for (size_t i = 0; i < size; i++) feed(bytes[i]);
}

/* Counts the instructions an emulated core executes, looks at its memory at given moments, and holds
 * its data accesses against what is granted.
 *
 * The emulator calls count_block at every entry of a translated block: straight-line code that is
 * left only at its end. So instructions executed = sum over blocks of entries x instructions in
 * it, exactly: an instruction that a failed IT condition skips counts, as it does on the core.
 * This is C because a callback into Python for every block costs ten times the emulation itself.
 *
 * machines/block_counter.py mirrors these structures; it owns all memory but blocks and index. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "path.h"

/* Reads parts of the arena when execution reaches address (0: when an inference is over). */
typedef struct {
  uint32_t address;
  int32_t layer;            /* the layer whose instructions begin here, or -1 */
  uint32_t piece_count;
  uint32_t row_bytes;       /* sum of the pieces' bytes */
  const uint32_t *pieces;   /* pairs: offset in the arena, bytes */
  uint8_t *rows;            /* what was read, a row an inference */
  uint32_t hits;
} probe;

typedef struct {
  uint32_t address;
  uint32_t bytes;
  uint32_t instructions;
  uint32_t next;            /* number of another block that begins here, or 0 */
} block;

/* What inferences did with a block while one layer ran. */
typedef struct {
  uint64_t entries;
  uint64_t fell_through;    /* times the code behind it was entered next: no branch was taken */
} tally;

/* Addresses [begin, end) that may be read, and perhaps written. */
typedef struct {
  uint32_t begin, end, writable;
} span;

typedef struct {
  const span *spans;
  uint32_t count;
} grant;

/* A data access that no grant allows. step: as counter.granted. */
typedef struct {
  uint32_t step;
  int32_t layer;            /* whose function ran, or -1 */
  uint32_t address, bytes, written, code;
} stray;

typedef int (*register_reader)(void *engine, int id, void *value);
typedef int (*register_writer)(void *engine, int id, const void *value);

typedef struct {
  /* The firmware. */
  const uint8_t *flash;
  uint32_t flash_base, flash_bytes;
  uint32_t init_address, invoke_address;
  uint32_t calls;           /* of invoke_address, for an inference */
  uint8_t *arena;
  uint32_t arena_bytes;
  uint32_t paint;           /* byte the arena is filled with before forge_init runs */
  register_reader read_register;
  register_writer write_register;
  int32_t link_register;
  int32_t state_register;   /* EPSR */
  int32_t program_counter;
  uint32_t no_it_block;     /* what it holds outside of IT blocks */
  uint32_t recording;       /* whether to write down the path, from the first frame on */

  /* What is asked. frames: read by the firmware so far; calls of the inference's function before
   * the first are the self-test's, and are not inferences. */
  uint32_t frames;
  uint32_t probe_count;
  probe *probes;                /* in the order in which an inference reaches them */
  const grant *step_grants;     /* [probe]: from there to its function's return; NULL: no checks */
  const grant *layer_grants;    /* [layer + 1]: throughout */
  uint32_t layer_count;
  int64_t *instructions;        /* [inference] */
  int64_t *layer_instructions;  /* [inference][layer] */

  /* What was seen. */
  uint64_t executed;            /* instructions since reset */
  uint32_t arena_touched;       /* highest byte ever found other than painted, + 1 */
  uint32_t block_count;
  block *blocks;                /* [0] is unused */
  tally *tallies;               /* [block][layer + 1] */
  uint32_t *path;               /* parts: 0 outside of inferences, then as tallies, + 1 */
  uint64_t path_length;
  uint64_t checked;             /* accesses held against grants */
  stray first_stray;            /* the first that none allows; of 0 bytes while there is none */

  /* State. */
  uint32_t block_capacity;
  uint64_t path_capacity;
  uint32_t path_block, path_part; /* of the last entries */
  uint32_t *index;              /* [halfword of flash]: number of the block that begins there */
  uint8_t *watched;             /* [halfword of flash]: whether to look further */
  uint32_t return_address;      /* where the inference's function will return to, 0 outside of it */
  uint32_t counting;            /* 1 during inferences, else 0 */
  uint32_t call;                /* of this inference, counted from 0 */
  uint32_t next_probe;          /* to be reached in this inference */
  int32_t layer;                /* layer that runs, -1 for none */
  uint32_t layer_return;        /* where its function will return to, 0 when it has */
  uint32_t granted;             /* number of the step whose grant holds, + 1; 0 for none */
  uint32_t last_end;            /* the address behind the block entered last */
  uint64_t last_tally;          /* its tally's index */
  uint64_t invoke_start, layer_start;
  int32_t failed;               /* out of memory: every figure is void */
} counter;

enum { BLOCKS_AT_FIRST = 4096, PATH_AT_FIRST = 1 << 16, MEMORY_READ = 16 /* UC_MEM_READ */ };

static void watch(counter *c, uint32_t address) {
  const uint32_t offset = address - c->flash_base;
  if (offset < c->flash_bytes) c->watched[offset / 2] = 1;
}

/* Tallies a block has: one a layer, and one for what runs outside of layers. */
static uint32_t layers(const counter *c) { return c->layer_count + 1; }

/* Allocates the tables and marks the watched addresses. Returns 0 when out of memory. */
int counter_open(counter *c) {
  c->index = calloc(c->flash_bytes / 2 + 1, sizeof *c->index);
  c->watched = calloc(c->flash_bytes / 2 + 1, sizeof *c->watched);
  c->blocks = calloc(BLOCKS_AT_FIRST, sizeof *c->blocks);
  c->tallies = calloc((size_t)BLOCKS_AT_FIRST * layers(c), sizeof *c->tallies);
  if (c->index == NULL || c->watched == NULL || c->blocks == NULL || c->tallies == NULL) return 0;
  c->block_capacity = BLOCKS_AT_FIRST;
  c->block_count = 1;
  c->layer = -1;
  watch(c, c->init_address);
  watch(c, c->invoke_address);
  for (uint32_t i = 0; i < c->probe_count; i++) watch(c, c->probes[i].address);
  return 1;
}

void counter_close(counter *c) {
  free(c->index);
  free(c->watched);
  free(c->blocks);
  free(c->tallies);
  free(c->path);
}

/* Number of Thumb instructions in bytes of code: 32-bit ones begin with 0b11101, 11110, 11111. */
static uint32_t instructions_in(const uint8_t *code, uint32_t bytes) {
  uint32_t count = 0;
  for (uint32_t at = 0; at < bytes; count++) {
    const uint32_t high = code[at + 1];
    at += (high & 0xF8u) >= 0xE8u ? 4 : 2;
  }
  return count;
}

/* Doubles the tables of blocks. Returns 0 when out of memory. */
static int grow(counter *c) {
  const size_t capacity = c->block_capacity, tallies = capacity * layers(c);
  block *blocks = realloc(c->blocks, 2 * capacity * sizeof *blocks);
  if (blocks == NULL) return 0;
  c->blocks = blocks;
  tally *grown = realloc(c->tallies, 2 * tallies * sizeof *grown);
  if (grown == NULL) return 0;
  memset(grown + tallies, 0, tallies * sizeof *grown);
  c->tallies = grown;
  c->block_capacity *= 2;
  return 1;
}

/* The number of the block at offset in flash of this size; made when it is new. 0 when out of
 * memory. */
static uint32_t find_block(counter *c, uint32_t offset, uint32_t bytes) {
  for (uint32_t number = c->index[offset / 2]; number != 0; number = c->blocks[number].next) {
    if (c->blocks[number].bytes == bytes) return number;
  }
  if (c->block_count == c->block_capacity && !grow(c)) return 0;
  block *made = &c->blocks[c->block_count];
  *made = (block){.address = c->flash_base + offset,
                  .bytes = bytes,
                  .instructions = instructions_in(c->flash + offset, bytes),
                  .next = c->index[offset / 2]};
  c->index[offset / 2] = c->block_count;
  return c->block_count++;
}

/* The index, in tables by layer, of the one that runs. */
static uint32_t layer_slot(const counter *c) { return (uint32_t)(c->layer + 1); }

/* Tallies that the block of this number was entered, and how the one before it was left. */
static void count_entry(counter *c, uint32_t number) {
  if (c->blocks[number].address == c->last_end) {
    c->tallies[c->last_tally].fell_through += c->counting;
  }
  c->last_tally = (uint64_t)number * layers(c) + layer_slot(c);
  c->last_end = c->blocks[number].address + c->blocks[number].bytes;
  c->tallies[c->last_tally].entries += c->counting;
}

static void end_layer(counter *c) {
  if (c->layer < 0) return;
  const uint64_t row = (uint64_t)(c->frames - 1) * c->layer_count;
  c->layer_instructions[row + (uint32_t)c->layer] += (int64_t)(c->executed - c->layer_start);
  c->layer = -1;
}

static void capture(counter *c, probe *p) {
  uint8_t *to = p->rows + (uint64_t)(c->frames - 1) * p->row_bytes;
  for (uint32_t i = 0; i < p->piece_count; i++) {
    memcpy(to, c->arena + p->pieces[2 * i], p->pieces[2 * i + 1]);
    to += p->pieces[2 * i + 1];
  }
  p->hits++;
}

/* Where the function that is being entered will return to. */
static uint32_t returns_to(counter *c, void *engine) {
  uint32_t link = 0;
  c->read_register(engine, c->link_register, &link);
  watch(c, link & ~1u);
  return link & ~1u;
}

static void reach_probe(counter *c, void *engine, uint32_t address) {
  if (c->next_probe == c->probe_count) return;
  probe *p = &c->probes[c->next_probe];
  if (p->address != address) return;
  c->next_probe++;
  capture(c, p);
  end_layer(c);
  c->layer = p->layer;
  c->layer_start = c->executed;
  c->granted = c->next_probe;
  if (p->layer >= 0) c->layer_return = returns_to(c, engine);
}

static void leave_layer(counter *c) {
  c->layer_return = 0;
  c->granted = 0;
}

/* Bytes once found touched stay so: it is enough to look above them. */
static void measure_arena(counter *c) {
  uint32_t top = c->arena_bytes;
  while (top > c->arena_touched && c->arena[top - 1] == (uint8_t)c->paint) top--;
  c->arena_touched = top;
}

static void enter_invoke(counter *c, void *engine) {
  c->return_address = returns_to(c, engine);
  c->invoke_start = c->executed;
  c->counting = c->frames > 0;
  c->granted = 0;
  if (c->call == 0) c->next_probe = 0;
}

static void leave_invoke(counter *c, void *engine) {
  c->return_address = 0;
  measure_arena(c);
  if (!c->counting) return;
  c->counting = 0;
  end_layer(c);
  c->instructions[c->frames - 1] += (int64_t)(c->executed - c->invoke_start);
  if (++c->call < c->calls) return;
  c->call = 0;
  reach_probe(c, engine, 0);
}

static void look(counter *c, void *engine, uint32_t address) {
  if (c->layer_return != 0 && address == c->layer_return) leave_layer(c);
  if (address == c->init_address) {
    memset(c->arena, (int)c->paint, c->arena_bytes);
    c->init_address = 0; /* only once: from now on the arena is the firmware's */
  } else if (address == c->invoke_address) {
    enter_invoke(c, engine);
  } else if (c->return_address != 0 && address == c->return_address) {
    leave_invoke(c, engine);
  }
  if (c->counting) reach_probe(c, engine, address);
}

/* Appends an entry to the path. Returns 0 when out of memory. */
static int write_down(counter *c, uint32_t entry) {
  if (c->path_length == c->path_capacity) {
    const uint64_t capacity = c->path_capacity == 0 ? PATH_AT_FIRST : 2 * c->path_capacity;
    uint32_t *path = realloc(c->path, capacity * sizeof *path);
    if (path == NULL) return 0;
    c->path = path;
    c->path_capacity = capacity;
  }
  c->path[c->path_length++] = entry;
  return 1;
}

/* Writes down that the block of this number was entered. Returns 0 when out of memory. */
static int record(counter *c, uint32_t number) {
  const uint32_t part = c->counting ? layer_slot(c) + 1 : 0;
  if (c->path_length == 0 || part != c->path_part) {
    c->path_part = part;
    c->path_block = 0;
    if (!write_down(c, PATH_PART | part)) return 0;
  }
  if (number != c->path_block) {
    c->path_block = number;
    return write_down(c, PATH_BLOCK | number);
  }
  uint32_t *last = &c->path[c->path_length - 1];
  const int counts = (*last & PATH_KIND) == PATH_REPEAT && (*last & PATH_VALUE) < PATH_VALUE;
  if (!counts) return write_down(c, PATH_REPEAT | 1);
  ++*last;
  return 1;
}

/* The emulator's block hook: engine enters a block of this many bytes. */
void count_block(void *engine, uint64_t address, uint32_t bytes, void *user) {
  counter *c = user;
  const uint32_t offset = (uint32_t)address - c->flash_base;
  if (offset >= c->flash_bytes || bytes > c->flash_bytes - offset) return; /* about to fault */
  if (c->watched[offset / 2]) look(c, engine, (uint32_t)address);
  uint32_t number = c->index[offset / 2];
  if (number == 0 || c->blocks[number].bytes != bytes) number = find_block(c, offset, bytes);
  if (number == 0 || (c->recording && c->frames > 0 && !record(c, number))) {
    c->failed = 1;
    return;
  }
  count_entry(c, number);
  c->executed += c->blocks[number].instructions;
}

/* Where the span ends that holds an address and allows the access; the address itself where none
 * does. */
static uint32_t allowed_to(const grant *g, uint32_t address, int write) {
  for (uint32_t i = 0; i < g->count; i++) {
    const span *s = &g->spans[i];
    if (s->begin <= address && address < s->end && (s->writable || !write)) return s->end;
  }
  return address;
}

/* Holds an access against the grants of what runs. One that crosses spans may, if each byte may. */
static void check_access(counter *c, void *engine, uint32_t address, uint32_t bytes, int write) {
  const int32_t layer = c->layer_return != 0 ? c->layer : -1;
  const uint32_t end = address + bytes;
  c->checked++;
  for (uint32_t at = address, next; at < end; at = next) {
    next = c->granted != 0 ? allowed_to(&c->step_grants[c->granted - 1], at, write) : at;
    if (next == at) next = allowed_to(&c->layer_grants[layer + 1], at, write);
    if (next != at) continue;
    if (c->first_stray.bytes == 0) {
      c->first_stray = (stray){c->granted, layer, address, bytes, (uint32_t)write, 0};
      c->read_register(engine, c->program_counter, &c->first_stray.code);
    }
    return;
  }
}

/* The emulator's hook of data accesses. Before it calls one, unicorn 2.1.4 sets the conditions of
 * the IT block that the access is in, and they would hold for the first instructions of the code
 * that runs next: see _translate in machines/unicorn.py. */
void count_access(void *engine, int type, uint64_t address, int bytes, int64_t value, void *user) {
  (void)value;
  counter *c = user;
  c->write_register(engine, c->state_register, &c->no_it_block);
  if (!c->counting || c->step_grants == NULL) return;
  check_access(c, engine, (uint32_t)address, (uint32_t)bytes, type != MEMORY_READ);
}

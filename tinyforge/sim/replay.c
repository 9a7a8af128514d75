/* Follows a second run of firmware along the path that a first one took, and tells clocks of each
 * instruction with the data it moves.
 *
 * Two runs, because an emulator that calls a hook for each access (unicorn 2.1.4) forgets to call
 * that of some blocks. The first run's hook writes down the blocks: the path. The second one's
 * accesses come with the instruction that makes them; whatever lies on the path between two of them
 * was executed without any. So every instruction is seen, exactly once: what does not fit is counted
 * as lost, and then no figure is worth anything.
 *
 * machines/replay.py mirrors these structures, and owns all memory. */
#include <stddef.h>

#include "memory_system.h"
#include "path.h"

typedef struct {
  uint32_t address, bytes;
} stretch;

typedef int (*register_reader)(void *engine, int id, void *value);

typedef struct {
  /* The emulator. */
  register_reader read_register;
  int32_t counter_register;     /* PC */

  /* The firmware and its path. */
  uint32_t flash_base;
  const instruction *code;      /* [halfword of flash] */
  const stretch *blocks;        /* by the numbers on the path */
  const uint32_t *path;
  uint64_t path_length;

  /* What is asked. */
  uint32_t clock_count;
  core_clock **clocks;
  uint32_t part_count;
  uint64_t *cycles;             /* [clock][part] */
  uint64_t *since;              /* [clock]: its cycles when the part that runs began */
  uint64_t *unaligned_extra;    /* [part]: bus accesses more than aligned ones would take */

  /* What was seen. */
  uint64_t lost;                /* accesses without their instruction, and the reverse */

  /* State. */
  uint64_t at;                  /* position on the path, behind the block that runs */
  uint32_t block, repeats;      /* that block, and how often it will be entered once more */
  uint32_t address, end;        /* the instruction that runs; behind its block. Equal: none */
  uint32_t moved;               /* bytes of data that it has moved so far */
  uint32_t data;                /* where the first of them lay, or NO_DATA */
  uint32_t part;
} replay;

static const instruction *running(const replay *r) {
  return &r->code[(r->address - r->flash_base) / 2];
}

static void enter(replay *r) {
  r->address = r->blocks[r->block].address;
  r->end = r->address + r->blocks[r->block].bytes;
}

/* The clocks' cycles since the last change are those of the part that ran. */
static void change_part(replay *r, uint32_t part) {
  for (uint32_t i = 0; i < r->clock_count; i++) {
    const uint64_t now = clock_now(r->clocks[i]);
    r->cycles[i * r->part_count + r->part] += now - r->since[i];
    r->since[i] = now;
  }
  r->part = part;
}

/* Enters the next block of the path. Returns 0 where it ends. */
static int next_block(replay *r) {
  if (r->repeats > 0) {
    r->repeats--;
    enter(r);
    return 1;
  }
  while (r->at < r->path_length) {
    const uint32_t entry = r->path[r->at++], value = entry & PATH_VALUE;
    if ((entry & PATH_KIND) == PATH_PART) {
      change_part(r, value);
      continue;
    }
    if ((entry & PATH_KIND) == PATH_REPEAT) {
      r->repeats = value - 1;
    } else {
      r->block = value;
    }
    enter(r);
    return 1;
  }
  return 0;
}

static uint32_t bytes_moved_by(const instruction *i) { return (uint32_t)i->words * i->word_bytes; }

static void execute(replay *r) {
  const instruction *executed = running(r);
  const int skipped = executed->conditional && r->moved == 0;
  if (!skipped && r->moved < bytes_moved_by(executed)) r->lost++;
  for (uint32_t i = 0; i < r->clock_count; i++) {
    clock_step(r->clocks[i], r->address, executed, r->data);
  }
  r->unaligned_extra[r->part] += extra_accesses(executed, r->data);
  r->address += executed->bytes;
}

/* Goes on to the next instruction. Returns 0 where the path ends. */
static int advance(replay *r) {
  if (r->address != r->end) execute(r);
  r->moved = 0;
  r->data = NO_DATA;
  return r->address != r->end || next_block(r);
}

/* Whether the instruction that runs is the one at address, and makes more accesses; of one that the
 * model does not know to make any, each is its own. */
static int waits_for(const replay *r, uint32_t address) {
  if (r->address != address || r->address == r->end) return 0;
  return running(r)->words == 0 || r->moved < bytes_moved_by(running(r));
}

/* The emulator's hook of data accesses, beside that of block_counter.c. */
void replay_access(void *engine, int type, uint64_t address, int bytes, int64_t value, void *user) {
  (void)type;
  (void)value;
  replay *r = user;
  uint32_t counter = 0;
  r->read_register(engine, r->counter_register, &counter);
  while (!waits_for(r, counter)) {
    if (!advance(r)) {
      r->lost++;
      return;
    }
  }
  if (r->moved == 0) r->data = (uint32_t)address;
  r->moved += (uint32_t)bytes;
}

/* The run is over: what is left of the path had no more accesses. */
void replay_finish(replay *r) {
  while (advance(r)) {
  }
  change_part(r, r->part);
}

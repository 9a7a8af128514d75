#include "memory_system.h"

#include <stdlib.h>
#include <string.h>

enum {
  WORD = 4,    /* bytes that the core fetches at once */
  AHEAD = 5,   /* words that it has asked for and not executed, at most: fits silicon best */
  DECODE = 1,  /* cycles between a word's arrival and its execution */
  QUEUE = 16,  /* words whose times are remembered: more than AHEAD and an instruction's two */
  NOTHING = 1, /* as address of a read: there was none */
};

typedef struct {
  uint32_t number;  /* of the line's bytes in memory: address / line_bytes */
  uint32_t parts;   /* which of its reads are there, a bit each */
  uint64_t used;
} cache_line;

typedef struct {
  cache_shape shape;
  uint32_t read_bytes;
  uint64_t uses;
  cache_line lines[MOST_CACHE_LINES];
} cache;

struct core_clock {
  memory_system system;
  cache instructions, data;
  uint32_t fetched, loaded;   /* addresses of the reads that the two ports hold */
  uint32_t prefetched;        /* and of the one that was read on */
  uint64_t prefetched_at;     /* when the prefetched bytes are there */
  uint64_t flash_free;        /* when the flash can begin another read */
  uint64_t fetch_free;        /* when the core can ask for another word */
  uint32_t next_word;         /* address of the word to be asked for next */
  uint64_t arrived[QUEUE];    /* by word: when it was there */
  uint64_t consumed[QUEUE];   /* by word: when its last halfword left the queue */
  uint32_t end;               /* address behind the instruction executed last */
  int last_moved;             /* 1: that moved data from or to flash, 0: in RAM, -1: none */
  uint64_t now;
};

static uint64_t later(uint64_t a, uint64_t b) { return a > b ? a : b; }

static uint32_t read_of(const core_clock *c, uint32_t address) {
  return address & ~(c->system.read_bytes - 1);
}

/* A line of a cache comes in as many reads as are asked for, each when it is. */
static uint32_t part_of(const cache *c, uint32_t address) {
  return 1u << (address % c->shape.line_bytes / c->read_bytes);
}

/* The first line of the set that an address belongs to. */
static cache_line *set_of(cache *c, uint32_t address) {
  const uint32_t sets = c->shape.lines / c->shape.ways;
  return &c->lines[address / c->shape.line_bytes % sets * c->shape.ways];
}

static cache_line *line_of(cache *c, uint32_t address) {
  if (c->shape.lines == 0) return NULL;
  cache_line *set = set_of(c, address);
  for (uint32_t i = 0; i < c->shape.ways; i++) {
    if (set[i].parts != 0 && set[i].number == address / c->shape.line_bytes) return &set[i];
  }
  return NULL;
}

static int has(cache *c, uint32_t address) {
  const cache_line *line = line_of(c, address);
  return line != NULL && (line->parts & part_of(c, address)) != 0;
}

/* Whether the cache has the bytes of this read; they are then the ones used last. */
static int hit(cache *c, uint32_t address) {
  if (!has(c, address)) return 0;
  line_of(c, address)->used = ++c->uses;
  return 1;
}

/* Puts a read into its line, or in place of the line of its set that was not used for longest. */
static void fill(cache *c, uint32_t address) {
  if (c->shape.lines == 0) return;
  cache_line *line = line_of(c, address);
  if (line == NULL) {
    cache_line *set = line = set_of(c, address);
    for (uint32_t i = 1; i < c->shape.ways; i++) {
      if (set[i].used < line->used) line = &set[i];
    }
    line->number = address / c->shape.line_bytes;
    line->parts = 0;
  }
  line->parts |= part_of(c, address);
  line->used = ++c->uses;
}

/* Reads on what is not there yet: of code that loops nothing, once it is in the cache. */
static void prefetch(core_clock *c, uint32_t read, uint64_t when) {
  if (!c->system.prefetch || c->prefetched == read || has(&c->instructions, read)) return;
  c->prefetched = read;
  c->prefetched_at = later(when, c->flash_free) + c->system.wait_states + 1;
  c->flash_free = c->prefetched_at;
}

/* When the bytes of a read that the core's fetches come to are there, asked for at a time. They are
 * then in the cache. */
static uint64_t fetch_read(core_clock *c, uint32_t read, uint64_t when) {
  if (hit(&c->instructions, read)) return when + 1;
  fill(&c->instructions, read);
  if (c->prefetched == read) return later(c->prefetched_at, when + 1);
  c->flash_free = later(when, c->flash_free) + c->system.wait_states + 1;
  return c->flash_free;
}

/* The core asks for its next word. */
static void fetch(core_clock *c, uint64_t when) {
  const uint32_t word = c->next_word, read = read_of(c, word);
  uint64_t there = when + 1;
  if (c->fetched != read) {
    there = fetch_read(c, read, when);
    c->fetched = read;
    prefetch(c, read + c->system.read_bytes, there);
  }
  c->arrived[word / WORD % QUEUE] = there;
  c->fetch_free = there;
  c->next_word = word + WORD;
}

/* When the core asks for its next word: when the last one is there, and the one that makes room for
 * it has left the queue. */
static uint64_t fetch_time(const core_clock *c) {
  return later(c->consumed[(c->next_word / WORD - AHEAD) % QUEUE], c->fetch_free);
}

/* Fetches what the core asks for before a time, as far ahead of what was executed as there is room. */
static void fetch_ahead(core_clock *c, uint64_t until) {
  const uint32_t first = c->end & ~(WORD - 1u);
  while (c->next_word - first < AHEAD * WORD && fetch_time(c) < until) fetch(c, fetch_time(c));
}

/* A branch was taken: what was fetched is void, and a fetch under way is waited for. */
static void redirect(core_clock *c, uint32_t address) {
  fetch_ahead(c, c->now);
  c->fetch_free = later(c->now, c->fetch_free);
  c->next_word = address & ~(WORD - 1u);
  fetch(c, c->fetch_free);
}

/* Cycles that an instruction's data keep the core waiting, moved from a time on: a read of the
 * flash that neither the port holds nor its cache stops the core. */
static uint64_t data_stall(core_clock *c, const instruction *executed, uint32_t data,
                           uint64_t when) {
  uint64_t stall = 0;
  for (uint32_t i = 0; i < executed->words; i++, when++) {
    const uint32_t address = data + i * executed->word_bytes, read = read_of(c, address);
    if (!executed->loads) continue;
    if (address - c->system.flash_base >= c->system.flash_bytes) {
      stall += address >= c->system.slow_ram;
      continue;
    }
    if (c->loaded == read) continue;
    c->loaded = read;
    if (hit(&c->data, read)) continue;
    const uint64_t done = later(when, c->flash_free) + c->system.wait_states;
    c->flash_free = done;
    stall += done - when;
    when = done;
    fill(&c->data, read);
  }
  return stall;
}

/* Whether it would overlap with the access just before it, but one of the two is in flash and the
 * other in RAM: they go over different buses. */
static uint32_t crosses(const core_clock *c, const instruction *executed, int moved) {
  const int overlaps = executed->behind < executed->branched_to;
  return overlaps && moved >= 0 && c->last_moved >= 0 && moved != c->last_moved;
}

uint32_t extra_accesses(const instruction *executed, uint32_t data) {
  if (executed->words != 1 || data == NO_DATA || data % executed->word_bytes == 0) return 0;
  return executed->word_bytes == 4 && data % 2 != 0 ? 2 : 1;
}

/* What it takes without a wait: one cycle where its condition failed. */
static uint64_t own_cycles(const core_clock *c, const instruction *executed, uint32_t data,
                           int branched, int moved) {
  if (executed->words != 0 && data == NO_DATA) return 1;
  if (branched) return executed->branched_to;
  return executed->behind + crosses(c, executed, moved);
}

void clock_step(core_clock *c, uint32_t address, const instruction *executed, uint32_t data) {
  const int branched = address != c->end;
  if (branched) redirect(c, address);
  c->end = address + executed->bytes;
  const uint32_t last = (c->end - 1) & ~(WORD - 1u);
  while (c->next_word <= last) fetch(c, fetch_time(c));
  const uint64_t begin = later(c->arrived[last / WORD % QUEUE] + DECODE, c->now);
  for (uint32_t at = address | 2; at < c->end; at += WORD) {
    c->consumed[at / WORD % QUEUE] = begin - DECODE;
  }
  int moved = -1;
  if (executed->words != 0 && data != NO_DATA) {
    moved = data - c->system.flash_base < c->system.flash_bytes;
  }
  c->now = begin + own_cycles(c, executed, data, branched, moved);
  fetch_ahead(c, c->now);
  if (moved >= 0) c->now += data_stall(c, executed, data, begin) + extra_accesses(executed, data);
  c->last_moved = moved;
}

uint64_t clock_now(const core_clock *c) { return c->now; }

static void shape(cache *c, cache_shape shape, uint32_t read_bytes) {
  c->shape = shape;
  c->read_bytes = read_bytes;
}

core_clock *clock_open(const memory_system *system) {
  core_clock *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->system = *system;
  shape(&c->instructions, system->instructions, system->read_bytes);
  shape(&c->data, system->data, system->read_bytes);
  c->fetched = c->loaded = c->prefetched = NOTHING;
  c->last_moved = -1;
  return c;
}

void clock_close(core_clock *c) { free(c); }

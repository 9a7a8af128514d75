/* The four memory functions that compilers call on their own account, for builds without a C
 * library. They count in the instruction figures, so they move words, four at a time. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A compiler that recognizes the loop of memcpy as a memcpy would make it call itself. */
#if defined(__clang__)
#define NO_LOOP_IDIOMS __attribute__((no_builtin))
#else
#define NO_LOOP_IDIOMS __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

/* A word that may alias anything. On cores with unaligned access it may lie anywhere too; the
 * others (Armv6-M) take the word loops only when both addresses are aligned. */
#if defined(__ARM_FEATURE_UNALIGNED)
typedef struct __attribute__((packed, may_alias)) { uint32_t value; } word;
#define WORDS_FROM(address) 1
#else
typedef struct __attribute__((may_alias)) { uint32_t value; } word;
#define WORDS_FROM(address) (((uintptr_t)(address) & 3u) == 0)
#endif

static inline int aligned(const void *address) { return ((uintptr_t)address & 3u) == 0; }

NO_LOOP_IDIOMS void *memcpy(void *restrict destination, const void *restrict source, size_t size) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  for (; size > 0 && !aligned(to); size--) *to++ = *from++;
  if (WORDS_FROM(from)) {
    for (; size >= 16; size -= 16, to += 16, from += 16) {
      const uint32_t a = ((const word *)from)[0].value;
      const uint32_t b = ((const word *)from)[1].value;
      const uint32_t c = ((const word *)from)[2].value;
      const uint32_t d = ((const word *)from)[3].value;
      ((word *)to)[0].value = a;
      ((word *)to)[1].value = b;
      ((word *)to)[2].value = c;
      ((word *)to)[3].value = d;
    }
    for (; size >= 4; size -= 4, to += 4, from += 4) {
      ((word *)to)->value = ((const word *)from)->value;
    }
  }
  for (; size > 0; size--) *to++ = *from++;
  return destination;
}

/* Copies from the last byte to the first, for a destination that begins inside the source. */
NO_LOOP_IDIOMS static void copy_backward(uint8_t *to, const uint8_t *from, size_t size) {
  to += size;
  from += size;
  for (; size > 0 && !aligned(to); size--) *--to = *--from;
  if (WORDS_FROM(from)) {
    for (; size >= 4; size -= 4) {
      to -= 4;
      from -= 4;
      ((word *)to)->value = ((const word *)from)->value;
    }
  }
  for (; size > 0; size--) *--to = *--from;
}

NO_LOOP_IDIOMS void *memmove(void *destination, const void *source, size_t size) {
  uint8_t *to = destination;
  const uint8_t *from = source;
  /* As unsigned distance, a destination before the source is far away: copying forward is safe. */
  if ((uintptr_t)to - (uintptr_t)from < size) {
    copy_backward(to, from, size);
    return destination;
  }
  for (; size > 0 && !aligned(to); size--) *to++ = *from++;
  if (WORDS_FROM(from)) {
    for (; size >= 4; size -= 4, to += 4, from += 4) {
      ((word *)to)->value = ((const word *)from)->value;
    }
  }
  for (; size > 0; size--) *to++ = *from++;
  return destination;
}

NO_LOOP_IDIOMS void *memset(void *destination, int value, size_t size) {
  uint8_t *to = destination;
  const uint8_t byte = (uint8_t)value;
  const uint32_t pattern = byte * 0x01010101u;
  for (; size > 0 && !aligned(to); size--) *to++ = byte;
  for (; size >= 16; size -= 16, to += 16) {
    ((word *)to)[0].value = pattern;
    ((word *)to)[1].value = pattern;
    ((word *)to)[2].value = pattern;
    ((word *)to)[3].value = pattern;
  }
  for (; size >= 4; size -= 4, to += 4) ((word *)to)->value = pattern;
  for (; size > 0; size--) *to++ = byte;
  return destination;
}

NO_LOOP_IDIOMS int memcmp(const void *left, const void *right, size_t size) {
  const uint8_t *a = left;
  const uint8_t *b = right;
  for (; size > 0; size--, a++, b++) {
    if (*a != *b) return *a < *b ? -1 : 1;
  }
  return 0;
}

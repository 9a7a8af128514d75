/* A classifier's answer in words: the class and its score, on a line of its own. */
#ifndef FORGE_FORGE_ANSWER_H
#define FORGE_FORGE_ANSWER_H

#include "forge/forge_print.h"
#include "model.h"

#if FORGE_CLASS_SCORES > 0

/* The largest of the scores, of equals the first; a single one is that of class 1, and class 0 has
 * what it lacks to 1. thousandths: of the class's score, rounded. */
typedef struct {
  int32_t index, thousandths;
} forge_answer;

static inline int32_t forge_answer_thousandths(int32_t steps) {
  /* Worked out by the compiler: no floating point is linked in. */
  static const int64_t each = (int64_t)((double)FORGE_CLASS_SCALE * 65536000.0 + 0.5);
  return (int32_t)((steps * each + 32768) / 65536);
}

static inline forge_answer forge_answer_now(void) {
  const FORGE_CLASS_TYPE *scores = (const FORGE_CLASS_TYPE *)forge_output_at(FORGE_CLASS_OUTPUT);
  int32_t best = 0;
  for (int32_t i = 1; i < FORGE_CLASS_SCORES; ++i) {
    if (scores[i] > scores[best]) best = i;
  }
  const int32_t found = forge_answer_thousandths(scores[best] - (FORGE_CLASS_ZERO_POINT));
  if (FORGE_CLASS_SCORES > 1) return (forge_answer){best, found};
  return found >= 500 ? (forge_answer){1, found} : (forge_answer){0, 1000 - found};
}

/* "circle 0.984"; without labels "class 2 0.984". */
static inline void forge_answer_say(forge_answer answer) {
#if FORGE_LABELS
  forge_port_print(forge_labels[answer.index]);
#else
  forge_port_print("class ");
  forge_print_number(answer.index);
#endif
  const uint32_t size = (uint32_t)(answer.thousandths < 0 ? -answer.thousandths : answer.thousandths);
  forge_port_print(answer.thousandths < 0 ? " -" : " ");
  forge_print_unsigned(size / 1000);
  const uint32_t rest = size % 1000;
  const char digits[] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
                         (char)('0' + rest % 10), '\n', '\0'};
  forge_port_print(digits);
}

static inline void forge_answer_print(void) { forge_answer_say(forge_answer_now()); }

#else

/* A model that is no classifier: its outputs say it all. */
static inline void forge_answer_print(void) {}

#endif

#endif

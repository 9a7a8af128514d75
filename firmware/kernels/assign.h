/* ASSIGN_VARIABLE: the value that the next inference finds. */
#ifndef FORGE_KERNELS_ASSIGN_H
#define FORGE_KERNELS_ASSIGN_H

#include "kernels/bytes.h"

/* size: in bytes. */
typedef struct {
  int size;
} forge_assign;

/* Nothing is to be done where the value was made in the variable's place. */
FORGE_INLINE void forge_assign_run(const forge_assign *a, const void *value, void *variable) {
  if (value != variable) forge_copy_bytes(variable, value, a->size);
}

#endif

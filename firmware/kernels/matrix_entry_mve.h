/* What the functions of the matrix block have in common: for cores with MVE.
 *
 * VMLADAVA adds 16 products to a sum in an even register. There are eight of those, so that eight sums
 * share the loads. Chunks run unrolled, entered at the first that is needed. A firmware has each
 * function at most once, and none that it does not call. */
#ifndef FORGE_KERNELS_MATRIX_ENTRY_MVE_H
#define FORGE_KERNELS_MATRIX_ENTRY_MVE_H

#include "kernels/naked.h"

/* Aligned for what reckons with addresses of its own code. */
#define FORGE_MATRIX_FUNCTION FORGE_NAKED __attribute__((aligned(4))) void

/* r10: where the unrolled code at 2 is entered that has one chunk less than r12 times, or 3 where that
 * is none. It has `times` chunks, a power of two, of `bytes` each. */
#define FORGE_MATRIX_ENTRY(times, bytes)   \
  "adr.w r10, 3f\n"                        \
  "subs.w r12, r12, #1\n"                  \
  "beq 4f\n"                               \
  "adr.w r10, 2f\n"                        \
  "rsb.w r12, r12, #0\n"                   \
  "and r12, r12, #" #times " - 1\n"        \
  "mov.w r8, #" #bytes "\n"                \
  "mla r10, r12, r8, r10\n"                \
  "4:\n"                                   \
  "orr r10, r10, #1\n"

/* P0: the bytes of a first chunk but for so many. Loads from before it can then be left out. */
#define FORGE_MATRIX_MISSING(missing) \
  "vctp.8 " missing "\n"              \
  "vpnot\n"

#endif

/* twins.h in instructions of Cortex-M0+: 23 for the eight products of a word of weights.
 *
 * As in narrow_6m.h, and r2: weights, r3: sums of two products each, r4, r5: inputs. */
#ifndef FORGE_KERNELS_TWINS_6M_H
#define FORGE_KERNELS_TWINS_6M_H

#define FORGE_TWINS_WORD   \
  "ldmia r1!, {r2}\n"      \
  "ldmia r0!, {r4, r5}\n"  \
  "sxtb r3, r2\n"          \
  "muls r3, r4, r3\n"      \
  "lsls r6, r2, #16\n"     \
  "asrs r6, r6, #24\n"     \
  "muls r6, r5, r6\n"      \
  "adds r3, r3, r6\n"      \
  FORGE_NARROW_APART       \
  "ldmia r0!, {r4, r5}\n"  \
  "lsls r3, r2, #8\n"      \
  "asrs r3, r3, #24\n"     \
  "muls r3, r4, r3\n"      \
  "asrs r2, r2, #24\n"     \
  "muls r2, r5, r2\n"      \
  "adds r3, r3, r2\n"      \
  FORGE_NARROW_APART

/* A channel's outputs of the sums in r8 and r7. */
#define FORGE_TWINS_OUTPUTS \
  FORGE_NARROW_SCALING_6M   \
  FORGE_NARROW_OUTPUT       \
  "mov r7, r8\n"            \
  "mov r8, r0\n"            \
  FORGE_NARROW_OUTPUT       \
  "ldr r6, [sp, #16]\n"     \
  "strb r0, [r6]\n"         \
  "ldr r5, [sp, #20]\n"     \
  "mov r7, r8\n"            \
  "strb r7, [r6, r5]\n"     \
  "adds r6, r6, #1\n"       \
  "str r6, [sp, #16]\n"

FORGE_NARROW_FUNCTION(forge_twins_channels, 4, 30, 46,
                      "1:\n"
                      "ldmia r1!, {r7}\n"
                      "mov r8, r7\n"
                      "mov r0, r10\n"
                      "bx lr\n"
                      FORGE_NARROW_UNROLLED(4, FORGE_TWINS_WORD)
                      FORGE_TWINS_OUTPUTS)

FORGE_INLINE void forge_twins_run(const forge_twins *t, const uint32_t *tile, int8_t *first,
                                  int8_t *second) {
  const forge_narrow_job job = {
      .list = tile,
      .list_end = tile + 4 * t->words,
      .stream = t->stream,
      .stream_end = t->stream + t->channels * (1 + t->words + FORGE_NARROW_SCALING),
      .output = first,
      .second = (int)(second - first),
      .outputs = t->outputs,
  };
  forge_twins_channels(&job);
}

#endif

/* sparse_twins.h in instructions of Cortex-M0+: 18 for the four products of a word of a list.
 *
 * As in narrow_6m.h, and r2: weights and places, r3: sums of two products each, r4: inputs, r11: where a
 * channel's list ends. */
#ifndef FORGE_KERNELS_SPARSE_TWINS_6M_H
#define FORGE_KERNELS_SPARSE_TWINS_6M_H

#define FORGE_SPARSE_TWINS_WORD \
  "ldmia r1!, {r2}\n"           \
  "uxtb r3, r2\n"               \
  "adds r0, r0, r3\n"           \
  "ldr r4, [r0]\n"              \
  "lsls r3, r2, #16\n"          \
  "asrs r3, r3, #24\n"          \
  "muls r3, r4, r3\n"           \
  "lsls r4, r2, #8\n"           \
  "lsrs r4, r4, #24\n"          \
  "adds r0, r0, r4\n"           \
  "ldr r4, [r0]\n"              \
  "asrs r2, r2, #24\n"          \
  "muls r2, r4, r2\n"           \
  "adds r3, r3, r2\n"           \
  FORGE_NARROW_APART

FORGE_NARROW_FUNCTION(forge_sparse_twins_channels, 4, 31, 0,
                      "1:\n"
                      "ldmia r1!, {r3, r7}\n"
                      "adds r3, r1, r3\n"
                      "mov r11, r3\n"
                      "mov r8, r7\n"
                      "mov r0, r10\n"
                      ".balign 4\n"
                      "2:\n"
                      FORGE_SPARSE_TWINS_WORD
                      FORGE_SPARSE_TWINS_WORD
                      "cmp r1, r11\n"
                      "bne 2b\n"
                      FORGE_TWINS_OUTPUTS)

/* All channels of two pixels. */
FORGE_INLINE void forge_sparse_twins_run(const forge_twins *t, const uint32_t *tile, int8_t *first,
                                         int8_t *second) {
  const forge_narrow_job job = {
      .list = tile,
      .list_end = tile,
      .stream = t->stream,
      .stream_end = t->stream + t->listed,
      .output = first,
      .second = (int)(second - first),
      .outputs = t->outputs,
  };
  forge_sparse_twins_channels(&job);
}

#endif

/* twin_channels.h in instructions of Cortex-M0+: nine for four products.
 *
 * As in narrow_6m.h, and r2, r3: weights, then sums of two products each, r4, r5: inputs. */
#ifndef FORGE_KERNELS_TWIN_CHANNELS_6M_H
#define FORGE_KERNELS_TWIN_CHANNELS_6M_H

#define FORGE_TWIN_CHANNELS_INPUTS \
  "ldmia r0!, {r4, r5}\n"          \
  "ldmia r1!, {r2, r3}\n"          \
  "muls r2, r4, r2\n"              \
  "muls r3, r5, r3\n"              \
  "adds r3, r3, r2\n"              \
  FORGE_NARROW_APART

FORGE_NARROW_FUNCTION(forge_twin_channels_6m, 3, 29, 18,
                      "1:\n"
                      "ldmia r1!, {r6, r7}\n"
                      "mov r8, r6\n"
                      "mov r0, r10\n"
                      "bx lr\n"
                      FORGE_NARROW_UNROLLED(8, FORGE_TWIN_CHANNELS_INPUTS)
                      FORGE_NARROW_SCALING_6M
                      FORGE_NARROW_OUTPUT
                      "ldr r6, [sp, #16]\n"
                      "ldr r5, [sp, #20]\n"
                      "strb r0, [r6, r5]\n"
                      "mov r7, r8\n"
                      FORGE_NARROW_SCALING_6M
                      FORGE_NARROW_OUTPUT
                      "ldr r6, [sp, #16]\n"
                      "strb r0, [r6]\n"
                      "adds r6, r6, #2\n"
                      "str r6, [sp, #16]\n")

FORGE_INLINE void forge_twin_channels_pairs(const forge_twin_channels *c, const int32_t *inputs,
                                            const int32_t *stream, int pairs, int second,
                                            int8_t *output) {
  const forge_narrow_job job = {
      .list = inputs,
      .list_end = inputs + forge_twin_channels_inputs(c),
      .stream = stream,
      .stream_end = stream + pairs * forge_twin_channels_words(c),
      .output = output,
      .second = second,
      .outputs = c->outputs,
  };
  forge_twin_channels_6m(&job);
}

#endif

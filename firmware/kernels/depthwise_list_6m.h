/* depthwise_list.h in instructions of Cortex-M0+: five a product.
 *
 * As in narrow_6m.h, and r3, r8: channel, r4, r5: a tap. */
#ifndef FORGE_KERNELS_DEPTHWISE_LIST_6M_H
#define FORGE_KERNELS_DEPTHWISE_LIST_6M_H

#define FORGE_DEPTHWISE_LIST_TAP \
  "ldmia r0!, {r4, r5}\n"        \
  "ldrsb r4, [r4, r3]\n"         \
  "ldrsb r5, [r5, r3]\n"         \
  "muls r4, r5, r4\n"            \
  "adds r7, r7, r4\n"

FORGE_NARROW_FUNCTION(forge_depthwise_list_6m, 3, 28, 10,
                      "movs r3, #0\n"
                      "mov r8, r3\n"
                      "1:\n"
                      "ldmia r1!, {r7}\n"
                      "mov r0, r10\n"
                      "mov r3, r8\n"
                      "bx lr\n"
                      FORGE_NARROW_UNROLLED(16, FORGE_DEPTHWISE_LIST_TAP)
                      FORGE_NARROW_SCALING_6M
                      FORGE_NARROW_OUTPUT
                      "ldr r6, [sp, #16]\n"
                      "mov r3, r8\n"
                      "strb r0, [r6, r3]\n"
                      "adds r3, r3, #1\n"
                      "mov r8, r3\n")

/* Where the inputs of all channels begin, and the weights. */
typedef struct {
  const int8_t *inputs, *weights;
} forge_depthwise_list_place;

FORGE_INLINE void forge_depthwise_list_window(const forge_depthwise_list *c,
                                              const int8_t *const *rows, int left,
                                              const int8_t *padding,
                                              forge_depthwise_list_place *place) {
  const forge_window *w = &c->window;
  for (int y = 0; y < w->kernel_height; ++y) {
    int column = left;
    for (int x = 0; x < w->kernel_width; ++x, ++place, column += w->dilation_width) {
      place->inputs = forge_depthwise_list_tap(c, rows[y], column, padding);
    }
  }
}

/* As in depthwise_list.h. Behind the padding, up to a whole word, lies the list. */
FORGE_INLINE void forge_depthwise_list_pixels(const forge_depthwise_list *c,
                                              const int8_t *const *rows, int begin, int end,
                                              int8_t *padding, int8_t *output) {
  forge_depthwise_list_place *list = (void *)(padding + ((c->channels + 3) & ~3));
  const int taps = forge_depthwise_list_taps(c);
  for (int i = 0; i < taps; ++i) list[i].weights = c->weights + i * c->channels;
  for (int x = begin; x < end; ++x, output += c->channels) {
    forge_depthwise_list_window(c, rows, forge_window_left(&c->window, x), padding, list);
    const forge_narrow_job job = {
        .list = list,
        .list_end = list + taps,
        .stream = c->stream,
        .stream_end = c->stream + c->channels * (1 + FORGE_NARROW_SCALING),
        .output = output,
        .outputs = c->outputs,
    };
    forge_depthwise_list_6m(&job);
  }
}

#endif

/* dense.h's tile on cores with DSP instructions: inputs as int16, two by each instruction. */
#ifndef FORGE_KERNELS_DENSE_FILL_DSP_H
#define FORGE_KERNELS_DENSE_FILL_DSP_H

/* Where the inputs of up to three pixels begin: anywhere. */
typedef struct {
  const int8_t *one, *two, *three;
} forge_dense_inputs;

/* One quad of up to three pixels. All pointers move on. Returns where the quad ends in the tile. */
FORGE_INLINE int16_t *forge_dense_quad(int pixels, forge_dense_inputs *from, int16_t *tile) {
  const int8_t *one = from->one, *two = from->two, *three = from->three;
  if (pixels == 1) {
    __asm__ volatile(
        "ldr r3, [%0], #4\n"
        "sxtb16 r4, r3, ror #8\n"
        "sxtb16 r3, r3\n"
        "stmia %1!, {r3, r4}\n"
        : "+r"(one), "+r"(tile)
        :
        : "r3", "r4", "memory");
  } else if (pixels == 2) {
    __asm__ volatile(
        "ldr r3, [%0], #4\n"
        "ldr r5, [%1], #4\n"
        "sxtb16 r4, r3, ror #8\n"
        "sxtb16 r3, r3\n"
        "sxtb16 r6, r5, ror #8\n"
        "sxtb16 r5, r5\n"
        "stmia %2!, {r3-r6}\n"
        : "+r"(one), "+r"(two), "+r"(tile)
        :
        : "r3", "r4", "r5", "r6", "memory");
  } else {
    __asm__ volatile(
        "ldr r8, [%0], #4\n"
        "ldr r10, [%1], #4\n"
        "ldr r12, [%2], #4\n"
        "sxtb16 r9, r8, ror #8\n"
        "sxtb16 r8, r8\n"
        "sxtb16 r11, r10, ror #8\n"
        "sxtb16 r10, r10\n"
        "sxtb16 lr, r12, ror #8\n"
        "sxtb16 r12, r12\n"
        "stmia %3!, {r8-r12, lr}\n"
        : "+r"(one), "+r"(two), "+r"(three), "+r"(tile)
        :
        : "r8", "r9", "r10", "r11", "r12", "lr", "memory");
  }
  *from = (forge_dense_inputs){one, two, three};
  return tile;
}

FORGE_INLINE int16_t *forge_dense_quads(int pixels, forge_dense_inputs from, int16_t *tile,
                                        int quads) {
  for (; quads >= 4; quads -= 4) {
    tile = forge_dense_quad(pixels, &from, tile);
    tile = forge_dense_quad(pixels, &from, tile);
    tile = forge_dense_quad(pixels, &from, tile);
    tile = forge_dense_quad(pixels, &from, tile);
  }
  if (quads & 2) {
    tile = forge_dense_quad(pixels, &from, tile);
    tile = forge_dense_quad(pixels, &from, tile);
  }
  if (quads & 1) tile = forge_dense_quad(pixels, &from, tile);
  return tile;
}

FORGE_SHARED int16_t *forge_dense_quads_1(const int8_t *one, int16_t *tile, int quads) {
  return forge_dense_quads(1, (forge_dense_inputs){one, one, one}, tile, quads);
}

FORGE_SHARED int16_t *forge_dense_quads_2(const int8_t *one, const int8_t *two, int16_t *tile,
                                          int quads) {
  return forge_dense_quads(2, (forge_dense_inputs){one, two, two}, tile, quads);
}

FORGE_SHARED int16_t *forge_dense_quads_3(const forge_dense_inputs *from, int16_t *tile,
                                          int quads) {
  return forge_dense_quads(3, *from, tile, quads);
}

/* As in dense.h. A few quads take fewer instructions than a call. */
FORGE_INLINE int16_t *forge_dense_expand(int pixels, const int8_t *const *inputs, int16_t *tile,
                                         int quads) {
  const forge_dense_inputs from = {inputs[0], inputs[pixels > 1], inputs[pixels - 1]};
  if (quads < 4) return forge_dense_quads(pixels, from, tile, quads);
  if (pixels == 1) return forge_dense_quads_1(from.one, tile, quads);
  if (pixels == 2) return forge_dense_quads_2(from.one, from.two, tile, quads);
  return forge_dense_quads_3(&from, tile, quads);
}

#endif

/* INVOKE instructions are not in a layer; layer 0 executes LAYER_0, layer 1 LAYER_1 plus two for
 * each unit of the first input: see tiny.py. */
  .syntax unified
  .thumb

  .section .text.forge_invoke, "ax"
  .global forge_invoke
  .type forge_invoke, %function
forge_invoke:
  push {r4, lr}
  /* EXTRA */
  bl forge_layer_0
  bl forge_layer_1
  movs r0, #0
  pop {r4, pc}
  .ltorg
  .size forge_invoke, . - forge_invoke

  .section .text.forge_layer_0, "ax"
  .global forge_layer_0
  .type forge_layer_0, %function
forge_layer_0:
  ldr r0, =forge_arena
  movs r1, #8
1:
  ldrb r2, [r0]
  adds r2, #1
  strb r2, [r0, #16]
  adds r0, #1
  subs r1, #1
  bne 1b
  bx lr
  .ltorg
  .size forge_layer_0, . - forge_layer_0

  .section .text.forge_layer_1, "ax"
  .global forge_layer_1
  .type forge_layer_1, %function
forge_layer_1:
  ldr r0, arena
  b 1f
  .align 2
arena:
  .word forge_arena
1:
  ldrb r3, [r0, #16]
2: /* once for each unit of the first input, and once more */
  subs r3, #1
  bne 2b
  /* Longer than any translated block, and than a literal is reached over. */
  .rept 2000
  nop
  .endr
  /* The highest byte that is written: one of the emulators' paints. */
  movs r1, #0xA5
  adds r0, #16
  strb r1, [r0, #23]
  movs r1, #4
3:
  ldrb r2, [r0]
  ldrb r3, [r0, #4]
  adds r2, r2, r3
  strb r2, [r0, #16]
  adds r0, #1
  subs r1, #1
  bne 3b
#ifndef __ARM_ARCH_6M__
  /* Skipped instructions count. */
  cmp r1, #0
  itte ne
  movne r2, #1
  movne r2, #2
  moveq r2, #3
  /* One of each kind of 32-bit instruction. */
  add.w r2, r2, r2, lsl #1
  movw r2, #0x1234
  ldr.w r2, [r0]
#endif
  bx lr
  .size forge_layer_1, . - forge_layer_1

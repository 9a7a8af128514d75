/* What the blocks for Cortex-M0+ have in common: each is one function, which goes over a list in memory
 * again and again, for one stretch of a stream after the other.
 *
 * r0: where in the list, r1: where in the stream, r7: a sum, r9: 1 << 14, r10, r11: where the list begins
 * and ends, r12: the range of outputs, lr: where the unrolled code is entered. On the stack: a copy of
 * the job, from its fourth word on, at 12. */
#ifndef FORGE_KERNELS_NARROW_6M_H
#define FORGE_KERNELS_NARROW_6M_H

/* second: how far a second output lies behind the first. */
typedef struct {
  const void *list, *list_end;
  const int32_t *stream, *stream_end;
  int8_t *output;
  int second;
  forge_narrow outputs;
} forge_narrow_job;

/* unit_bytes: of the unrolled code that follows label 2, for 1 << shift bytes of the list; it has times
 * of them, a power of two whose logarithm is 32 less spare. */
#define FORGE_NARROW_FUNCTION(name, shift, spare, unit_bytes, text) \
  FORGE_SHARED void name(const forge_narrow_job *job) {             \
    __asm__ volatile(                                               \
        ".syntax unified\n"                                         \
        "push {r4-r7}\n"                                            \
        "mov r0, %0\n"                                              \
        "mov r4, r8\n"                                              \
        "mov r5, r9\n"                                              \
        "mov r6, r10\n"                                             \
        "mov r7, r11\n"                                             \
        "push {r4-r7}\n"                                            \
        "sub sp, #32\n"                                             \
        "ldmia r0!, {r1-r5}\n"                                      \
        "str r4, [sp, #12]\n"                                       \
        "str r5, [sp, #16]\n"                                       \
        "ldmia r0!, {r4-r6}\n"                                      \
        "str r4, [sp, #20]\n"                                       \
        "str r5, [sp, #24]\n"                                       \
        "mov r12, r6\n"                                             \
        "mov r10, r1\n"                                             \
        "mov r11, r2\n"                                             \
        "subs r2, r1, r2\n"                                         \
        "asrs r2, r2, #" #shift "\n"                                \
        "lsls r2, r2, #" #spare "\n"                                \
        "lsrs r2, r2, #" #spare "\n"                                \
        "movs r4, #" #unit_bytes "\n"                               \
        "muls r2, r4, r2\n"                                         \
        "adr r4, 2f\n"                                              \
        "adds r4, r4, r2\n"                                         \
        "adds r4, r4, #1\n"                                         \
        "mov lr, r4\n"                                              \
        "mov r1, r3\n"                                              \
        "movs r0, #1\n"                                             \
        "lsls r0, r0, #14\n"                                        \
        "mov r9, r0\n" text                                         \
        "ldr r6, [sp, #12]\n"                                       \
        "cmp r1, r6\n"                                              \
        "beq 3f\n"                                                  \
        "b 1b\n"                                                    \
        "3:\n"                                                      \
        "add sp, #32\n"                                             \
        "pop {r4-r7}\n"                                             \
        "mov r8, r4\n"                                              \
        "mov r9, r5\n"                                              \
        "mov r10, r6\n"                                             \
        "mov r11, r7\n"                                             \
        "pop {r4-r7}\n"                                             \
        :                                                           \
        : "r"(job)                                                  \
        : "r0", "r1", "r2", "r3", "r12", "lr", "cc", "memory");     \
  }

#define FORGE_NARROW_UNROLLED(times, unit) \
  ".balign 4\n"                            \
  "2:\n"                                   \
  ".rept " #times "\n" unit                \
  ".endr\n"                                \
  "cmp r0, r11\n"                          \
  "bne 2b\n"

/* The output of the sum in r7, to r0, by the next words of the stream: halves of the multiplier to r2 and
 * r3, offset to r4, shift to r5; r6 is free. Of four products of halves, the lower ones signed, so that
 * the middle sum fits into 32 bits. */
#define FORGE_NARROW_SCALING_6M "ldmia r1!, {r2-r5}\n"
#define FORGE_NARROW_OUTPUT \
  "asrs r6, r7, #16\n"      \
  "movs r0, #0\n"           \
  "adcs r6, r0\n"           \
  "sxth r7, r7\n"           \
  "mov r0, r2\n"            \
  "muls r0, r7, r0\n"       \
  "asrs r0, r0, #16\n"      \
  "muls r7, r3, r7\n"       \
  "adds r0, r0, r7\n"       \
  "mov r7, r2\n"            \
  "muls r7, r6, r7\n"       \
  "adds r0, r0, r7\n"       \
  "add r0, r9\n"            \
  "asrs r0, r0, #15\n"      \
  "muls r6, r3, r6\n"       \
  "lsls r6, r6, #1\n"       \
  "adds r0, r0, r6\n"       \
  "asrs r6, r0, #31\n"      \
  "adds r0, r0, r6\n"       \
  "adds r0, r0, r4\n"       \
  "asrs r0, r5\n"           \
  "cmp r0, r12\n"           \
  "bls 4f\n"                \
  "asrs r6, r0, #31\n"      \
  "mov r0, r12\n"           \
  "bics r0, r6\n"           \
  "4:\n"                    \
  "ldr r6, [sp, #24]\n"     \
  "adds r0, r0, r6\n"

/* Two sums of two products each, the first in the lower half of r3, the second in the upper, to r8 and
 * r7. The shift leaves the upper one, one too small if the lower is below zero: that is bit 15, which
 * the shift leaves in the carry. */
#define FORGE_NARROW_APART \
  "sxth r6, r3\n"          \
  "add r8, r6\n"           \
  "asrs r3, r3, #16\n"     \
  "adcs r7, r3\n"

#endif

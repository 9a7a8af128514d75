/* Functions of assembly alone, which all layers of a firmware share. */
#ifndef FORGE_KERNELS_NAKED_H
#define FORGE_KERNELS_NAKED_H

/* No compiler may copy them, or look into them for the registers that they leave alone. */
#ifdef __clang__
#define FORGE_NAKED static __attribute__((naked, noinline, unused))
#else
#define FORGE_NAKED static __attribute__((naked, noipa, unused))
#endif
/* What such a function finds in registers, whatever it is called. */
#define FORGE_ARGUMENT __attribute__((unused))

#endif

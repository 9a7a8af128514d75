/* From reset to the application, on a bare Cortex-M. */
#include <stdint.h>

#include "forge/forge_port.h"

/* Set by the linker script. */
extern uint32_t __data_load[], __data_start[], __data_end[];
extern uint32_t __bss_start[], __bss_end[];
extern uint32_t __stack_top[];
extern void (*const __init_array_start[])(void);
extern void (*const __init_array_end[])(void);

void Reset_Handler(void);
void Fault_Handler(void);
void forge_app_main(void);

/* Exit status of firmware that faulted: no application returns it. */
#define FAULT_STATUS 99

/* The initial stack pointer, reset, and the fourteen system exceptions. Every one but reset is a
 * fault: no interrupt is enabled. */
typedef struct {
  uint32_t *stack;
  void (*handlers[15])(void);
} vector_table;

__attribute__((section(".vectors"), used)) static const vector_table vectors = {
    __stack_top,
    {Reset_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler, Fault_Handler,
     Fault_Handler, Fault_Handler, Fault_Handler},
};

/* Gives access to the floating-point and vector registers, before any code that could use them. */
static inline void enable_coprocessors(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  volatile uint32_t *const cpacr = (volatile uint32_t *)0xE000ED88u;
  *cpacr |= 0xFu << 20; /* CP10 and CP11, full access */
  __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
}

void Reset_Handler(void) {
  enable_coprocessors();
  const uint32_t *source = __data_load;
  for (uint32_t *word = __data_start; word < __data_end; word++) *word = *source++;
  for (uint32_t *word = __bss_start; word < __bss_end; word++) *word = 0;
  for (void (*const *constructor)(void) = __init_array_start; constructor < __init_array_end;
       constructor++) {
    (*constructor)();
  }
  forge_app_main();
  forge_port_exit(0);
}

void Fault_Handler(void) {
  forge_port_print("fault\n");
  forge_port_exit(FAULT_STATUS);
}
